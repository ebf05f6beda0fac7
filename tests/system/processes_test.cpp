#include "net/crema.hpp"

#include "tests/dataflow/io/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

// The master processes[N]: jobs of this program run in processes of this same executable.

namespace crema {

namespace {

using ::testing::AllOf;
using ::testing::AnyOfArray;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

config on_processes(int n) {
  config settings;
  settings.master = "processes[" + std::to_string(n) + ']';
  settings.inline_records = 0; // else tiny jobs would stay here
  settings.progress = false;
  return settings;
}

/// Whichever of its threads has started them.
std::size_t children_of(pid_t process) {
  std::size_t n = 0;
  for (const auto& thread : std::filesystem::directory_iterator{"/proc/" + std::to_string(process) + "/task"}) {
    std::ifstream list{thread.path() / "children"};
    for (pid_t child = 0; list >> child;)
      ++n;
  }
  return n;
}

std::string failure(const std::function<void()>& call, errc expected) {
  try {
    call();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), expected) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

/// What a job gives when it is started again after each loss that it meets.
template <class Job>
auto despite_losses(Job job) {
  for (int tries = 0; tries != 3; ++tries) {
    try {
      return job();
    } catch (const error& e) {
      if (e.code() != errc::unreachable)
        throw;
    }
  }
  return job();
}

/// While it lives, workers that are started end at once (main.cpp).
struct workers_that_crash {
  workers_that_crash() { ::setenv("CREMA_TEST_CRASHING_WORKERS", "1", 1); }
  ~workers_that_crash() { ::unsetenv("CREMA_TEST_CRASHING_WORKERS"); }
};

class Processes : public ::testing::Test {
protected:
  std::set<pid_t> workers_of_a_job() {
    const auto ids = ctx.range(0, 8, 1, 4).map([](long) { return ::getpid(); }).collect();
    return {ids.begin(), ids.end()};
  }

  context ctx{on_processes(2)};
};

} // namespace

TEST_F(Processes, RunTasksInWorkersOfThisExecutable) {
  const auto ids = ctx.range(0, 8, 1, 4).map([](long) { return static_cast<long>(::getpid()); }).collect();
  const std::set<long> workers(ids.begin(), ids.end());
  EXPECT_EQ(workers.size(), 2u);
  EXPECT_FALSE(workers.contains(::getpid()));
}

TEST_F(Processes, CountWords) {
  const std::vector<std::string> lines{"the cat and the dog", "the end"};
  auto counts = ctx.parallelize(lines, 3)
                  .flat_map([](std::string_view line) { return words(line); })
                  .map([](std::string_view word) { return std::pair(word, 1L); })
                  .reduce_by_key(std::plus{}, 4);
  EXPECT_THAT(counts.collect(),
              UnorderedElementsAre(Pair("the", 3), Pair("cat", 1), Pair("and", 1), Pair("dog", 1), Pair("end", 1)));
  EXPECT_THAT(counts.top(1, [](const auto& total) { return total.second; }), ElementsAre(Pair("the", 3)));
}

TEST_F(Processes, SortJoinAndShareVariables) {
  const auto factor = ctx.broadcast(3L);
  const auto seen = ctx.accumulator(0L);
  auto tripled = ctx.range(0, 1000, 1, 5).map([factor, seen](long x) {
    seen.add(1);
    return std::pair(x % 100, x * factor.value());
  });
  EXPECT_EQ(tripled.values().sort_by([](long x) { return -x; }).take(2), (std::vector<long>{2997, 2994}));
  auto names = ctx.range(0, 100, 1, 2).map([](long x) { return std::pair(x, std::to_string(x)); });
  EXPECT_EQ(tripled.join(names).count(), 1000u);
  EXPECT_EQ(seen.value() % 1000, 0);
}

TEST_F(Processes, ReadWhatAnotherOneHasCached) {
  // Each partition of the union reads a cached one of another number, which the other worker may keep.
  auto kept = ctx.range(0, 999, 1, 3).map([](long x) { return x * x; }).cache();
  const auto alone = kept.sum();
  EXPECT_EQ(kept.union_with(kept).union_with(kept).sum(), 3 * alone);
  EXPECT_EQ(kept.coalesce(2).sum(), alone);
}

TEST_F(Processes, WriteOneDirectory) {
  testing::temporary_directory folder;
  const auto target = folder.path() + "/numbers";
  ctx.range(0, 100, 1, 5).save_as_text_file(target);
  EXPECT_EQ(ctx.text_file(target).count(), 100u);
  EXPECT_EQ(::access((target + "/_SUCCESS").c_str(), F_OK), 0);
}

TEST_F(Processes, TellWhatAUserFunctionThrew) {
  EXPECT_THAT(
    failure(
      [&] {
        ctx.range(0, 10, 1, 2).map([](long x) { return x == 7 ? throw std::runtime_error{"seven"} : x; }).count();
      },
      errc::user_exception),
    AllOf(HasSubstr("seven"), HasSubstr("map"), HasSubstr("processes_test.cpp")));
  EXPECT_EQ(ctx.range(0, 10).count(), 10u);
}

TEST_F(Processes, RefuseFunctionsThatCannotTravel) {
  long here = 0;
  EXPECT_THAT(
    failure([&] { ctx.range(0, 10).map([at = &here](long x) { return x + *at; }).count(); }, errc::not_portable),
    HasSubstr("map"));
  EXPECT_EQ(ctx.range(0, 10).count(), 10u);
}

TEST_F(Processes, SayHowAWorkerEndedAndGoOnWithTheOthers) {
  EXPECT_THAT(failure(
                [&] {
                  ctx.range(0, 8, 1, 4)
                    .map([](long x) {
                      if (x == 5) {
                        std::fputs("about to crash\n", stderr);
                        std::raise(SIGKILL);
                      }
                      return x;
                    })
                    .count();
                },
                errc::unreachable),
              AllOf(HasSubstr("SIGKILL"), HasSubstr("about to crash")));
  EXPECT_EQ(ctx.range(0, 8, 1, 4).sum(), 28);
  EXPECT_EQ(ctx.range(0, 100, 1, 4).map([](long x) { return std::pair(x % 3, x); }).reduce_by_key(std::plus{}).count(),
            3u);
}

TEST_F(Processes, ComputeAgainWhatALostWorkerHadCached) {
  auto kept = ctx.range(0, 100, 1, 4).map([](long x) { return 2 * x; }).cache();
  EXPECT_EQ(kept.sum(), 9900);
  failure([&] { ctx.range(0, 4, 1, 4).for_each([](long x) { x == 1 ? std::abort() : void(); }); }, errc::unreachable);
  EXPECT_THAT(failure([&] { kept.sum(); }, errc::unreachable), HasSubstr("had cached"));
  EXPECT_EQ(kept.sum(), 9900);
  EXPECT_EQ(kept.union_with(kept).sum(), 19800);
}

TEST_F(Processes, ReplaceAWorkerThatWasKilled) {
  auto before = workers_of_a_job();
  ASSERT_EQ(before.size(), 2U);
  for (int i = 0; i != 3; ++i) {
    const auto [goes, stays] = std::pair{*before.begin(), *before.rbegin()};
    ::kill(goes, SIGKILL);
    const auto after = despite_losses([&] { return workers_of_a_job(); });
    EXPECT_THAT(after, AllOf(SizeIs(2), Contains(stays), Not(Contains(goes))));
    // Blocks pass between the old one and the new one, in both directions.
    auto pairs = ctx.range(0, 1000, 1, 4).map([](long x) { return std::pair(x % 10, x); });
    EXPECT_EQ(pairs.reduce_by_key(std::plus{}, 4).values().sum(), 499'500);
    before = after;
  }
}

TEST_F(Processes, ReplaceAllOfThemWhenAllWereKilled) {
  auto kept = ctx.range(0, 100, 1, 4).map([](long x) { return 2 * x; }).cache();
  EXPECT_EQ(kept.sum(), 9900);
  const auto before = workers_of_a_job();
  for (const auto each : before)
    ::kill(each, SIGKILL);
  EXPECT_EQ(despite_losses([&] { return kept.sum(); }), 9900);
  const auto after = workers_of_a_job();
  EXPECT_EQ(after.size(), 2U);
  EXPECT_THAT(after, Each(Not(AnyOfArray(before))));
}

TEST_F(Processes, LeaveNothingBehindWhenTheyAreReplaced) {
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
  };
  const auto of_workers = [&] { return ctx.range(0, 2, 1, 2).map([=](long) { return descriptors(); }).collect(); };
  const auto before = workers_of_a_job();
  const auto open_here = descriptors();
  const auto open_there = of_workers();
  const auto children = children_of(::getpid());
  ::kill(*before.begin(), SIGKILL);
  despite_losses([&] { return workers_of_a_job(); });
  EXPECT_EQ(of_workers(), open_there);
  EXPECT_EQ(descriptors(), open_here);
  EXPECT_EQ(children_of(::getpid()), children);
}

TEST_F(Processes, GoOnWithThoseThatAreLeftWhenNoneCanBeStartedAnyMore) {
  const auto before = workers_of_a_job();
  const workers_that_crash meanwhile;
  ::kill(*before.begin(), SIGKILL);
  EXPECT_THAT(despite_losses([&] { return workers_of_a_job(); }), ElementsAre(*before.rbegin()));
  ::kill(*before.rbegin(), SIGKILL);
  EXPECT_THAT(failure([&] { despite_losses([&] { return workers_of_a_job(); }); }, errc::unreachable),
              HasSubstr("no worker is left"));
}

TEST(ProcessesThatCannotBegin, AreNotStartedForEver) {
  {
    const workers_that_crash meanwhile;
    context ctx{on_processes(2)};
    for (int i = 0; i != 2; ++i)
      EXPECT_THAT(failure([&] { ctx.range(0, 10).count(); }, errc::unreachable),
                  AllOf(HasSubstr("workers ended before they were ready"), HasSubstr("exited with status 3"),
                        HasSubstr("this worker was told to crash")));
  }
  EXPECT_EQ(children_of(::getpid()), 0U);
}

TEST_F(Processes, EndAJobThatIsCancelled) {
  auto job = ctx.range(0, 1L << 40, 1, 4).map([](long x) { return x ^ 1; }).count_async();
  job.cancel();
  failure([&] { job.get(); }, errc::cancelled);
  EXPECT_EQ(ctx.range(0, 10).count(), 10u);
}

TEST(ProcessesOfAContext, EndWithIt) {
  const auto before = children_of(::getpid());
  {
    context ctx{on_processes(3)};
    EXPECT_EQ(ctx.range(0, 9, 1, 3).sum(), 36);
    EXPECT_GT(children_of(::getpid()), before);
  }
  EXPECT_EQ(children_of(::getpid()), before);
}

} // namespace crema
