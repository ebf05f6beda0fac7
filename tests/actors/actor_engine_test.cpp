#include "actors/actor_engine.hpp"

#include "dataflow/context.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/operations.hpp"
#include "tests/actors/fake_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using crema::config;
using crema::context;
using crema::errc;
using crema::actors::make_actor_engine;
using crema::testing::expected_sum;
using crema::testing::fake_job;
using crema::testing::fake_plan;
using crema::testing::place;
using testing::HasSubstr;
using testing::IsEmpty;

/// Settings by which even the smallest job runs on the engine.
config no_shortcut() {
  config settings;
  settings.inline_records = 0;
  settings.progress = false;
  return settings;
}

/// What `program` gives on the reference engine and on actors.
template <class Program>
void expect_agreement(Program program) {
  context reference{no_shortcut(), crema::internal::make_inline_engine(2)};
  const auto expected = program(reference);
  for (const int threads : {1, 2, 4}) {
    context ctx{no_shortcut(), make_actor_engine(threads)};
    EXPECT_EQ(program(ctx), expected) << threads << " threads";
  }
}

/// The names in a folder of this process: its threads in "task", its open files in "fd".
std::set<std::string> listed(const char* folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{std::string{"/proc/self/"} + folder})
    names.insert(entry.path().filename());
  return names;
}

std::set<std::string> new_since(const std::set<std::string>& before, const char* folder) {
  auto names = listed(folder);
  std::erase_if(names, [&before](const std::string& name) { return before.contains(name); });
  return names;
}

/// What is new and stays. A thread that is over stays listed until the kernel has taken it down, which may be after its
/// join, and the printer of an actor system is not joined at all: the system waits until that has nothing left to do.
std::set<std::string> left_since(const std::set<std::string>& before, const char* folder) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  auto names = new_since(before, folder);
  while (!names.empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
    names = new_since(before, folder);
  }
  return names;
}

class spin_gate {
public:
  void open() noexcept { open_ = true; }
  void wait() const noexcept {
    while (!open_)
      std::this_thread::yield();
  }

private:
  std::atomic<bool> open_{false};
};

// -- agreement with the reference ---------------------------------------------------------------------------------

TEST(ActorEngine, AgreesOnNarrowChains) {
  for (const int partitions : {1, 2, 5, 64})
    expect_agreement([partitions](context& ctx) {
      return ctx.range(0, 10'000, 1, partitions)
        .map([](std::int64_t x) { return x * 3; })
        .filter([](std::int64_t x) { return x % 2 == 0; })
        .flat_map([](std::int64_t x) { return std::vector<std::int64_t>(static_cast<std::size_t>(x % 3), x); })
        .collect();
    });
}

TEST(ActorEngine, AgreesOnUnionsOfDatasets) {
  expect_agreement([](context& ctx) {
    auto a = ctx.range(0, 100, 1, 3);
    auto b = ctx.range(1000, 1007, 1, 64);
    return a.union_with(b).union_with(ctx.empty<std::int64_t>()).collect();
  });
}

TEST(ActorEngine, AgreesOnTakeAndFirst) {
  for (const int n : {0, 1, 7, 100, 1000})
    expect_agreement([n](context& ctx) { return ctx.range(0, 500, 1, 64).map([](auto x) { return x; }).take(n); });
  expect_agreement([](context& ctx) { return ctx.range(5, 500, 1, 64).first(); });
}

TEST(ActorEngine, AgreesOnShuffles) {
  for (const int partitions : {1, 2, 5, 64}) {
    expect_agreement([partitions](context& ctx) {
      auto counts = ctx.range(0, 5000, 1, partitions)
                      .map([](std::int64_t x) {
                        return std::pair{x % 97, x};
                      })
                      .reduce_by_key(std::plus<>{}, partitions)
                      .collect();
      std::ranges::sort(counts);
      return counts;
    });
    expect_agreement([partitions](context& ctx) {
      return ctx.range(0, 5000, 1, partitions)
        .map([](std::int64_t x) { return x * 7919 % 5003; })
        .sort_by([](std::int64_t x) { return x; })
        .collect();
    });
    expect_agreement(
      [partitions](context& ctx) { return ctx.range(0, 5000, 1, 5).repartition(partitions).glom().collect(); });
  }
}

TEST(ActorEngine, ComputesACachedDatasetOnce) {
  context ctx{no_shortcut(), make_actor_engine(2)};
  std::atomic<int> computed{0};
  auto cached = ctx.range(0, 100, 1, 10)
                  .map([&computed](std::int64_t x) {
                    ++computed;
                    return x;
                  })
                  .cache();
  EXPECT_EQ(cached.sum(), 4950);
  EXPECT_EQ(cached.count(), 100u);
  EXPECT_EQ(cached.union_with(cached).count(), 200);
  EXPECT_EQ(computed, 100);
}

TEST(ActorEngine, AgreesWithHandMadePlansOnItsThreads) {
  std::mt19937 random{7};
  auto engine = make_actor_engine(4);
  for (int i = 0; i != 300; ++i) {
    SCOPED_TRACE("plan " + std::to_string(i));
    const auto number = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(most + 1)); };
    const fake_plan plan{
      {.tasks = 1 + number(20), .blocks = number(5), .records = 1 + number(3000), .barrier = number(1) == 0, .to = 2},
      {.tasks = 1 + number(5), .blocks = number(50), .to = 2, .input = 1},
      {.tasks = 1 + number(20), .blocks = number(2), .streams = number(1) == 0, .ends_early = number(4) == 0}};
    auto job = fake_job::make(plan);
    engine->start(job->run());
    job->run()->wait();
    ASSERT_EQ(job->sum(), expected_sum(plan));
    ASSERT_THAT(job->complaints(), IsEmpty());
  }
}

// -- failures -----------------------------------------------------------------------------------------------------

TEST(ActorEngine, ReportsAFailureInAnyPartition) {
  context ctx{no_shortcut(), make_actor_engine(2)};
  for (int bad = 0; bad != 8; ++bad) {
    auto failing = ctx.range(0, 8, 1, 8).map([bad](std::int64_t x) {
      if (x == bad)
        throw std::out_of_range{"no " + std::to_string(x)};
      return x;
    });
    try {
      failing.collect();
      FAIL() << "partition " << bad << " did not fail";
    } catch (const crema::error& e) {
      EXPECT_EQ(e.code(), errc::user_exception);
      EXPECT_EQ(e.text(), "no " + std::to_string(bad));
      EXPECT_EQ(e.where().partition, bad);
      EXPECT_EQ(e.where().op, "map");
      EXPECT_THROW(e.rethrow_cause(), std::out_of_range);
    }
    EXPECT_EQ(ctx.range(0, 8, 1, 8).count(), 8) << "the context is usable after a failure";
  }
}

TEST(ActorEngine, ReportsWhatIsNoException) {
  context ctx{no_shortcut(), make_actor_engine(2)};
  auto failing = ctx.range(0, 8, 1, 8).map([](std::int64_t x) -> std::int64_t {
    if (x == 5)
      throw 42;
    return x;
  });
  try {
    failing.count();
    FAIL();
  } catch (const crema::error& e) {
    EXPECT_EQ(e.code(), errc::user_exception);
    EXPECT_THROW(e.rethrow_cause(), int);
  }
}

TEST(ActorEngine, LeavesNothingOfAFailedJobBehindOnItsThreads) {
  std::mt19937 random{11};
  auto engine = make_actor_engine(4);
  for (int i = 0; i != 300; ++i) {
    SCOPED_TRACE("plan " + std::to_string(i));
    fake_plan plan{{.tasks = 10, .blocks = 5, .records = 500, .barrier = i % 2 == 0, .to = 1},
                   {.tasks = 7, .blocks = 2, .streams = i % 3 == 0}};
    auto& failing = plan[random() % 2];
    failing.fails = static_cast<place>(1 + random() % 11);
    failing.failing_task = static_cast<int>(random() % 7);
    auto job = fake_job::make(plan);
    engine->start(job->run());
    job->run()->wait_until(std::chrono::steady_clock::time_point::max());
    ASSERT_THAT(job->complaints(), IsEmpty());
    ASSERT_TRUE(!job->failure() || job->failure()->text() == "boom");
  }
}

// -- early ends ---------------------------------------------------------------------------------------------------

TEST(ActorEngine, EndsACancelledJobBetweenTwoSteps) {
  context ctx{no_shortcut(), make_actor_engine(2)};
  std::atomic<bool> runs{false};
  auto endless = ctx.range(0, INT64_MAX, 1, 4).filter([&runs](std::int64_t) {
    runs = true;
    return false;
  });
  auto job = endless.count_async();
  while (!runs)
    std::this_thread::yield();
  job.cancel();
  EXPECT_TRUE(job.wait_for(10s));
  try {
    job.get();
    FAIL();
  } catch (const crema::error& e) {
    EXPECT_EQ(e.code(), errc::cancelled);
  }
  EXPECT_EQ(ctx.range(0, 8, 1, 8).count(), 8);
}

TEST(ActorEngine, EndsAJobAtItsDeadline) {
  context ctx{no_shortcut(), make_actor_engine(2)};
  auto job = ctx.range(0, INT64_MAX, 1, 4).filter([](std::int64_t) { return false; }).count_async();
  job.deadline(5ms);
  try {
    job.get();
    FAIL();
  } catch (const crema::error& e) {
    EXPECT_EQ(e.code(), errc::deadline_exceeded);
  }
}

TEST(ActorEngine, EndsRunningJobsWhenItsContextIsClosed) {
  auto ctx = std::make_unique<context>(no_shortcut(), make_actor_engine(2));
  std::atomic<bool> runs{false};
  auto job = ctx->range(0, INT64_MAX, 1, 4)
               .filter([&runs](std::int64_t) {
                 runs = true;
                 return false;
               })
               .count_async();
  while (!runs)
    std::this_thread::yield();
  ctx.reset();
  try {
    job.get();
    FAIL();
  } catch (const crema::error& e) {
    EXPECT_EQ(e.code(), errc::context_closed);
  }
}

TEST(ActorEngine, EndsTheJobOfAnIteratorThatIsNotReadToItsEnd) {
  context ctx{no_shortcut(), make_actor_engine(2)};
  std::atomic<std::int64_t> made{0};
  {
    auto records = ctx.range(0, 10'000'000, 1, 100)
                     .map([&made](std::int64_t x) {
                       ++made;
                       return x;
                     })
                     .to_local_iterator();
    EXPECT_EQ(*records.begin(), 0);
  }
  EXPECT_LT(made, 5'000'000);
}

TEST(ActorEngine, DestroysTheFunctionsOfAJobBeforeItsCallerWakesUp) {
  context ctx{no_shortcut(), make_actor_engine(4)};
  for (int i = 0; i != 500; ++i) {
    std::atomic<int> alive{0};
    struct sentinel {
      explicit sentinel(std::atomic<int>& all) : alive{&all} { ++*alive; }
      sentinel(const sentinel& other) : alive{other.alive} { ++*alive; }
      sentinel& operator=(const sentinel&) = delete;
      ~sentinel() { --*alive; }
      std::atomic<int>* alive;
    };
    {
      const sentinel here{alive};
      auto rows = ctx.range(0, 8, 1, 8).map([here](std::int64_t x) { return x; });
      if (i % 2 == 0)
        EXPECT_EQ(rows.count(), 8);
      else
        EXPECT_EQ(rows.take(3).size(), 3u);
    }
    ASSERT_EQ(alive, 0);
  }
}

// -- fairness, ends -----------------------------------------------------------------------------------------------

TEST(ActorEngine, RunsJobsOfSeveralThreadsAtOnce) {
  context ctx{no_shortcut(), make_actor_engine(2)};
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int c = 0; c != 8; ++c)
    callers.emplace_back([&ctx, &wrong, c] {
      for (int i = 0; i != 50; ++i) {
        auto rows = ctx.range(0, 1000 + c, 1, 1 + i % 7).map([](std::int64_t x) { return std::pair{x % 10, 1L}; });
        if (rows.count() != 1000u + static_cast<unsigned>(c) || rows.reduce_by_key(std::plus<>{}, 3).count() != 10u)
          ++wrong;
      }
    });
  for (auto& caller : callers)
    caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(ActorEngine, DoesNotKeepAShortJobBehindALongOne) {
  context ctx{no_shortcut(), make_actor_engine(2)};
  std::atomic<bool> stop{false};
  auto endless = ctx.range(0, INT64_MAX, 1, 64).filter([](std::int64_t) { return false; }).count_async();
  for (int i = 0; i != 20; ++i) // would never end if the long job kept the threads
    EXPECT_EQ(ctx.range(0, 10, 1, 4).count(), 10);
  EXPECT_FALSE(endless.ready());
  endless.cancel();
}

TEST(ActorEngine, StartsNoThreadBeforeItsFirstJob) {
  const auto before = listed("task");
  auto engine = make_actor_engine(8);
  EXPECT_THAT(new_since(before, "task"), IsEmpty());
}

TEST(ActorEngine, LeavesNoThreadAndNoFileBehind) {
  const auto threads = listed("task");
  const auto files = listed("fd");
  for (int i = 0; i != 5; ++i) {
    context ctx{no_shortcut(), make_actor_engine(4)};
    EXPECT_EQ(ctx.range(0, 1000, 1, 10).map([](auto x) { return std::pair{x % 3, x}; }).group_by_key().count(), 3u);
    auto running = ctx.range(0, INT64_MAX, 1, 4).filter([](std::int64_t) { return false; }).count_async();
  }
  EXPECT_THAT(left_since(threads, "task"), IsEmpty());
  EXPECT_THAT(left_since(files, "fd"), IsEmpty());
}

TEST(ActorEngine, LetsResultBlocksOutliveIt) {
  auto job = fake_job::make({{.tasks = 2}});
  job->hold_credit();
  {
    auto engine = make_actor_engine(2);
    engine->start(job->run());
    job->run()->wait();
  }
  EXPECT_EQ(job->held(), 2u);
  job->release_credit();
}

/// Settings by which jobs of few records take the shortcut.
config with_shortcut() {
  config settings;
  settings.progress = false;
  return settings;
}

TEST(ActorEngine, RunsTinyJobsInTheThreadThatWaitsForThem) {
  context ctx{with_shortcut(), make_actor_engine(2)};
  const auto here = std::this_thread::get_id();
  // One partition: where the first task takes long, on a busy machine too, others are helped with.
  const auto runs_here =
    ctx.range(0, 10, 1, 1).map([here](std::int64_t) { return std::this_thread::get_id() == here; });
  EXPECT_EQ(runs_here.collect(), std::vector<bool>(10, true));
  EXPECT_EQ(runs_here.collect_async().get(), std::vector<bool>(10, false));
  EXPECT_EQ(runs_here.filter([](bool ran) { return ran; }).count(), 10u);
  const auto many = ctx.range(0, 10'000, 1, 4).map([here](std::int64_t) { return std::this_thread::get_id() == here; });
  EXPECT_EQ(many.filter([](bool ran) { return ran; }).count(), 0u);
}

TEST(ActorEngine, RunsSlowTasksOfFewRecordsSideBySide) {
  context ctx{with_shortcut(), make_actor_engine(2)};
  std::atomic<int> met{0};
  const auto meet = [&met](std::int64_t x) {
    const auto start = std::chrono::steady_clock::now();
    if (x == 0) // tells that this work is slow
      while (std::chrono::steady_clock::now() < start + 2ms) {
      }
    else
      for (++met; met != 2 && std::chrono::steady_clock::now() < start + 20s;)
        std::this_thread::yield();
    return std::pair{x % 2, x};
  };
  const auto pairs = ctx.range(0, 3, 1, 3).map(meet);
  EXPECT_THAT(pairs.collect(), testing::ElementsAre(std::pair{0L, 0L}, std::pair{1L, 1L}, std::pair{0L, 2L}));
  EXPECT_EQ(met, 2);
  met = 0;
  EXPECT_THAT(pairs.reduce_by_key(std::plus<>{}, 2).collect(),
              testing::UnorderedElementsAre(std::pair{0L, 2L}, std::pair{1L, 1L}));
  met = 0;
  EXPECT_THAT(pairs.sort_by([](const auto& r) { return -r.second; }).values().collect(), testing::ElementsAre(2, 1, 0));
}

TEST(ActorEngine, FailsAsTheFirstOfSlowTasksDoes) {
  context ctx{with_shortcut(), make_actor_engine(2)};
  const auto fails = ctx.range(0, 5, 1, 5).map([](std::int64_t x) {
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() < start + 1ms) {
    }
    if (x >= 3)
      throw std::runtime_error{"no " + std::to_string(x)};
    return x;
  });
  for (int i = 0; i != 3; ++i)
    try {
      fails.collect();
      ADD_FAILURE();
    } catch (const crema::error& e) {
      EXPECT_EQ(e.text(), "no 3");
      EXPECT_EQ(e.code(), errc::user_exception);
    }
}

TEST(ActorEngine, MeasuresWhatTasksDid) {
  context ctx{no_shortcut(), make_actor_engine(2)};
  auto job = ctx.range(0, 1000, 1, 4).map([](std::int64_t x) { return x; }).collect_async();
  job.get();
  const auto metrics = job.metrics();
  ASSERT_EQ(metrics.stages.size(), 1u);
  EXPECT_EQ(metrics.stages[0].tasks, 4);
  EXPECT_EQ(metrics.stages[0].total.rows, 1000u);
  EXPECT_EQ(metrics.stages[0].total.blocks, 4u);
  EXPECT_GT(metrics.stages[0].total.bytes, 8000u);
  EXPECT_GT(metrics.stages[0].total.busy.count(), 0);
  EXPECT_FALSE(metrics.inlined);
}

} // namespace
