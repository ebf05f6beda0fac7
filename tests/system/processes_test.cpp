#include "net/crema.hpp"

#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/system/child_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
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
#include <sys/stat.h>
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

/// While it lives, workers that are started end at once (main.cpp).
struct workers_that_crash {
  workers_that_crash() { ::setenv("CREMA_TEST_CRASHING_WORKERS", "1", 1); }
  ~workers_that_crash() { ::unsetenv("CREMA_TEST_CRASHING_WORKERS"); }
};

class Processes : public ::testing::Test {
protected:
  /// Both of them, once lost ones are replaced.
  std::set<pid_t> both_workers() {
    const auto until = std::chrono::steady_clock::now() + patience;
    auto found = workers_of_a_job();
    while (found.size() != 2 && std::chrono::steady_clock::now() < until)
      found = workers_of_a_job();
    return found;
  }

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

TEST_F(Processes, SayHowWorkersEndedWhenNoneIsLeft) {
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
}

TEST_F(Processes, ReplaceAWorkerThatWasKilled) {
  auto before = workers_of_a_job();
  ASSERT_EQ(before.size(), 2U);
  for (int i = 0; i != 3; ++i) {
    const auto [goes, stays] = std::pair{*before.begin(), *before.rbegin()};
    ::kill(goes, SIGKILL);
    const auto after = both_workers();
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
  EXPECT_EQ(kept.sum(), 9900);
  const auto after = both_workers();
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
  EXPECT_THAT(both_workers(), SizeIs(2));
  EXPECT_EQ(of_workers(), open_there);
  EXPECT_EQ(descriptors(), open_here);
  EXPECT_EQ(children_of(::getpid()), children);
}

TEST_F(Processes, GoOnWithThoseThatAreLeftWhenNoneCanBeStartedAnyMore) {
  const auto before = workers_of_a_job();
  const workers_that_crash meanwhile;
  ::kill(*before.begin(), SIGKILL);
  EXPECT_THAT(workers_of_a_job(), ElementsAre(*before.rbegin()));
  ::kill(*before.rbegin(), SIGKILL);
  EXPECT_THAT(failure([&] { workers_of_a_job(); }, errc::unreachable), HasSubstr("no worker is left"));
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

// -- lost workers: every job ends as if there had been no loss --------------------------------------------------------

namespace {

/// Ends this process, but once only among all that are told of the same mark.
void crash_once(const std::string& mark) {
  if (::mkdir(mark.c_str(), 0700) == 0)
    std::raise(SIGKILL);
}

class LostProcesses : public ::testing::Test {
protected:
  /// Passes longs on, and crashes once where it comes to `at`.
  auto crash_at(long at) {
    return capture(mark_, at, [](const std::string& mark, long fatal, long x) {
      if (x == fatal)
        crash_once(mark);
      return x;
    });
  }
  bool crashed() const { return ::access(mark_.c_str(), F_OK) == 0; }

  testing::temporary_directory folder_;
  std::string mark_ = folder_.path() + "/crashed";
  context ctx{on_processes(3)};
};

} // namespace

TEST_F(LostProcesses, ChangeNoCollectedRecord) {
  auto job = ctx.range(0, 300'000, 1, 7).map(crash_at(250'000)).collect_async();
  const auto found = job.get();
  ASSERT_EQ(found.size(), 300'000U);
  for (long i = 0; i != 300'000; ++i)
    ASSERT_EQ(found[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(crashed());
  EXPECT_EQ(job.metrics().attempts, 2);
  EXPECT_EQ(job.metrics().recomputed_tasks, 0) << "what is done stays done";
}

TEST_F(LostProcesses, ChangeNoSumWhereAProducerIsLost) {
  auto sums = ctx.range(0, 30'000, 1, 7)
                .map(crash_at(25'000))
                .map([](long x) { return std::pair(x % 10, x); })
                .reduce_by_key(std::plus{}, 5)
                .collect();
  std::sort(sums.begin(), sums.end());
  ASSERT_EQ(sums.size(), 10U);
  for (long key = 0; key != 10; ++key)
    EXPECT_EQ(sums[static_cast<std::size_t>(key)], std::pair(key, 3000 * key + 10L * (2999L * 3000 / 2)));
  EXPECT_TRUE(crashed());
}

TEST_F(LostProcesses, ChangeNoSumWhereAConsumerIsLost) {
  auto keys = ctx.range(0, 30'000, 1, 7)
                .map([](long x) { return std::pair(x % 100, 1L); })
                .reduce_by_key(std::plus{}, 5)
                .map([](const std::pair<long, long>& of) { return of.second == 300 ? of.first : -1; })
                .map(crash_at(50))
                .collect();
  std::sort(keys.begin(), keys.end());
  ASSERT_EQ(keys.size(), 100U);
  for (long key = 0; key != 100; ++key)
    EXPECT_EQ(keys[static_cast<std::size_t>(key)], key);
  EXPECT_TRUE(crashed());
}

TEST_F(LostProcesses, LeaveASortInOrder) {
  const auto found = ctx.range(0, 20'000, 1, 6)
                       .map([](long x) { return x * 7919 % 20'000; })
                       .map(crash_at(19'000)) // before the barrier
                       .sort_by([](long x) { return x; }, std::less<>{}, 4)
                       .collect();
  ASSERT_EQ(found.size(), 20'000U);
  for (long i = 0; i != 20'000; ++i)
    ASSERT_EQ(found[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(crashed());
}

TEST_F(LostProcesses, LeaveASortInOrderBehindItsBarrier) {
  const auto found = ctx.range(0, 20'000, 1, 6)
                       .map([](long x) { return x * 7919 % 20'000; })
                       .sort_by([](long x) { return x; }, std::less<>{}, 4)
                       .map(crash_at(12'000))
                       .collect();
  ASSERT_EQ(found.size(), 20'000U);
  for (long i = 0; i != 20'000; ++i)
    ASSERT_EQ(found[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(crashed());
}

TEST_F(LostProcesses, WriteEachLineOnce) {
  const auto target = folder_.path() + "/numbers";
  ctx.range(0, 10'000, 1, 7).map(crash_at(9'000)).save_as_text_file(target);
  EXPECT_TRUE(crashed());
  std::string expected;
  for (long i = 0; i != 10'000; ++i)
    expected += std::to_string(i) + '\n';
  std::string written;
  for (int part = 0; part != 7; ++part)
    written += testing::temporary_directory::content(target + "/part-0000" + std::to_string(part));
  EXPECT_EQ(written, expected);
  EXPECT_EQ(::access((target + "/_SUCCESS").c_str(), F_OK), 0);
  EXPECT_EQ(ctx.text_file(target).count(), 10'000U);
}

TEST_F(LostProcesses, TakeTheirCachesAlongButNoRecord) {
  auto kept = ctx.range(0, 100, 1, 6).map([](long x) { return 2 * x; }).cache();
  EXPECT_EQ(kept.sum(), 9900);
  EXPECT_EQ(ctx.range(0, 6, 1, 6).map(crash_at(4)).count(), 6U);
  EXPECT_TRUE(crashed());
  EXPECT_EQ(kept.sum(), 9900);
  EXPECT_EQ(kept.union_with(kept).sum(), 19'800);
}

TEST_F(LostProcesses, TakeTheirCachesAlongInTheMiddleOfAJob) {
  auto kept = ctx.range(0, 100, 1, 6).map([](long x) { return 2 * x; }).cache();
  EXPECT_EQ(kept.sum(), 9900);
  EXPECT_EQ(kept.union_with(kept)
              .map(crash_at(140))
              .map([](long x) { return std::pair(x % 3, x); })
              .reduce_by_key(std::plus{}, 4)
              .values()
              .sum(),
            19'800);
  EXPECT_TRUE(crashed());
}

TEST_F(LostProcesses, CountEachTaskOnce) {
  const auto seen = ctx.accumulator(0L);
  const auto keys = ctx.range(0, 5'000, 1, 7)
                      .map(crash_at(4'000))
                      .map([seen](long x) {
                        seen.add(1);
                        return std::pair(x % 10, x);
                      })
                      .reduce_by_key(std::plus{}, 5)
                      .map([seen](const std::pair<long, long>& of) {
                        seen.add(100'000);
                        return of.first;
                      })
                      .count();
  EXPECT_TRUE(crashed());
  EXPECT_EQ(keys, 10U);
  EXPECT_EQ(seen.value(), 5'000 + 10 * 100'000);
}

TEST_F(LostProcesses, EndAnIteratorThatHasReadOfWhatIsLost) {
  // The last partition is so long that the reader sees its begin before its end is computed.
  const auto crash = crash_at(9'000'000);
  EXPECT_THAT(failure(
                [&] {
                  long next = 0;
                  for (long x : ctx.range(0, 10'000'000, 1, 2).map(crash).to_local_iterator())
                    ASSERT_EQ(x, next++);
                },
                errc::unreachable),
              HasSubstr("cannot be taken back"));
}

TEST(ManyLostProcesses, AreBlamedOnThePartitionThatEndsThem) {
  context ctx{on_processes(5)};
  EXPECT_THAT(failure(
                [&] {
                  ctx.range(0, 10, 1, 10).for_each([](long x) {
                    if (x == 7) {
                      std::fputs("about to crash\n", stderr);
                      std::raise(SIGKILL);
                    }
                  });
                },
                errc::unreachable),
              AllOf(HasSubstr(".0@7 unfinished"), HasSubstr("SIGKILL"), HasSubstr("about to crash")));
  EXPECT_EQ(ctx.range(0, 10).sum(), 45);
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
