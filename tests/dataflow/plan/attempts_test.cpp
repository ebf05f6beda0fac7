#include "dataflow/plan/attempts.hpp"

#include "dataflow/context.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/operations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace crema::internal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

task_key task(int partition) {
  return {{}, partition};
}

attempts::task_names tasks(const std::set<int>& partitions) {
  attempts::task_names named;
  for (const int partition : partitions)
    named.emplace(task(partition), "7.0@" + std::to_string(partition));
  return named;
}

TEST(Attempts, AreFourWhereDifferentTasksAreLost) {
  attempts state;
  for (int n = 0; n != 3; ++n) {
    EXPECT_EQ(state.current(), n);
    state.lose("worker " + std::to_string(n), tasks({n, n + 1}));
    EXPECT_FALSE(state.next());
  }
  state.lose("worker 3", tasks({9}));
  const auto failure = state.next();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), errc::unreachable);
  EXPECT_THAT(failure->text(), AllOf(HasSubstr("4 attempts"), HasSubstr("no task was on all"),
                                     HasSubstr("worker 0; worker 1; worker 2; worker 3")));
}

TEST(Attempts, AreThreeForATaskThatWasAloneOnAllThatWasLost) {
  attempts state;
  state.lose("worker 0", tasks({1, 4, 7}));
  EXPECT_FALSE(state.next());
  state.lose("worker 1", tasks({4, 5}));
  EXPECT_FALSE(state.next());
  state.lose("worker 2", tasks({2, 4}));
  const auto failure = state.next();
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->text(), AllOf(HasSubstr("each time with 7.0@4 unfinished"), Not(HasSubstr("7.0@5"))));
}

TEST(Attempts, NameAFewOfManySuspects) {
  attempts state;
  std::optional<error> failure;
  std::set<int> many;
  for (int partition = 0; partition != 20; ++partition)
    many.insert(partition);
  while (!failure) {
    state.lose("a worker", tasks(many));
    failure = state.next();
  }
  EXPECT_THAT(failure->text(), AllOf(HasSubstr("7.0@7 and 12 more"), Not(HasSubstr("7.0@8"))));
}

TEST(Attempts, SuspectWhatWasUnfinishedOnSomeLostWorkerOfEachAttempt) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    attempts state;
    std::optional<error> failure;
    std::set<int> suspects;
    int rounds = 0;
    while (!failure) {
      std::set<int> lost;
      for (auto losses = 1 + random() % 2; losses != 0; --losses) {
        std::set<int> with;
        for (int partition = 0; partition != 7; ++partition)
          if (random() % 3 != 0)
            with.insert(partition);
        state.lose("a worker", tasks(with));
        lost.insert(with.begin(), with.end());
      }
      if (rounds++ == 0)
        suspects = lost;
      else
        std::erase_if(suspects, [&](int one) { return !lost.contains(one); });
      failure = state.next();
      ASSERT_EQ(failure.has_value(), rounds == 4 || (rounds == 3 && suspects.size() == 1));
    }
    for (int partition = 0; partition != 7; ++partition)
      EXPECT_EQ(failure->text().find("7.0@" + std::to_string(partition)) != std::string::npos,
                suspects.contains(partition));
  }
}

TEST(Attempts, CountEachTaskOnce) {
  attempts state;
  EXPECT_TRUE(state.commits_first(task(0)));
  state.lose("a worker", {});
  ASSERT_FALSE(state.next());
  state.keep(task(0));
  EXPECT_FALSE(state.commits_first(task(0)));
  EXPECT_TRUE(state.commits_first(task(1)));
  EXPECT_FALSE(state.commits_first(task(1)));
  EXPECT_EQ(state.recomputed(), 2);
  EXPECT_FALSE(state.commits_first({{}, 0}));
  EXPECT_TRUE(state.commits_first({{1, stage_output::kind::store, 0, 0}, 0}));
}

TEST(Attempts, FitTogetherUpToOneShuffle) {
  const context ctx{config{}, make_inline_engine(1)};
  auto numbers = ctx.range(0, 10);
  auto pairs = numbers.map([](long x) { return std::pair(x, x); });
  auto once = pairs.reduce_by_key([](long a, long b) { return a + b; });
  EXPECT_TRUE(is_settled(*pairs.node()));
  EXPECT_TRUE(is_settled(*once.node()));
  EXPECT_TRUE(is_settled(*once.union_with(once).node()));
  EXPECT_FALSE(is_settled(*once.repartition(3).map([](const auto& x) { return x; }).node()));
  EXPECT_FALSE(is_settled(*pairs.join(once).node()));
}

} // namespace
} // namespace crema::internal
