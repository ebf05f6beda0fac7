#include "tests/actors/deterministic_system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using crema::testing::deterministic_system;
using crema::testing::expected_sum;
using crema::testing::fake_job;
using crema::testing::fake_plan;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(Stage, LetsAtMostItsSlotsProduceAtOnce) {
  for (const int slots : {1, 2, 5}) {
    constexpr int steps_of_a_task = 4;
    std::map<int, int> steps;
    long most = 0;
    const auto count = [&](int task) {
      ++steps[task];
      most = std::max(most, std::ranges::count_if(steps, [](auto& at) { return at.second < steps_of_a_task; }));
    };
    deterministic_system system;
    auto job = fake_job::make({{.tasks = 20, .blocks = steps_of_a_task - 1, .in_step = count}});
    system.start(*job, slots);
    std::mt19937 random{1};
    while (system.busy())
      system.run_any(random);
    EXPECT_EQ(job->sum(), 60);
    EXPECT_LE(most, slots);
  }
}

TEST(Stage, LetsNoDoneTasksPileUpBeforeTheirCommit) {
  deterministic_system system;
  auto job = fake_job::make({{.tasks = 100, .blocks = 0}});
  auto driver = system.start(*job, 2);
  std::mt19937 random{1};
  while (system.busy())
    system.run_any_but(driver, random);
  EXPECT_TRUE(job->run()->ended());
  EXPECT_LE(job->most_tasks(), 2);
}

TEST(Stage, AdmitsTasksInPartitionOrder) {
  std::vector<int> order;
  deterministic_system system;
  auto job = fake_job::make({{.tasks = 6, .blocks = 0, .in_step = [&](int task) { order.push_back(task); }}});
  system.start(*job, 1);
  system.run();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(Stage, StopsProducingWhileNobodyReadsTheResult) {
  deterministic_system system;
  auto job = fake_job::make({{.tasks = 10}});
  job->hold_credit();
  system.start(*job, 2);
  system.run();
  EXPECT_THAT(job->order(), UnorderedElementsAre(0, 1));
  job->release_credit();
  system.run();
  EXPECT_EQ(job->order().size(), 4u);
  while (!job->run()->ended()) {
    job->release_credit();
    system.run();
  }
  EXPECT_EQ(job->sum(), 10);
}

TEST(Stage, BoundsTheUnreadResultsOfEachTask) {
  // 256 blocks of 16 bytes a record: 256 KiB each, so that four fill the window of a task.
  deterministic_system system;
  auto job = fake_job::make({{.tasks = 2, .blocks = 256, .records = 10000}});
  job->hold_credit();
  system.start(*job, 2);
  system.run();
  EXPECT_GE(job->held(), 2u);
  EXPECT_LE(job->held(), 16u);
  while (!job->run()->ended()) {
    job->release_credit();
    system.run();
  }
  EXPECT_EQ(job->sum(), 2 * 256 * 10000);
  EXPECT_THAT(job->complaints(), IsEmpty());
  EXPECT_GT(job->run()->metrics().stages[0].total.credit_waits, 0u);
}

TEST(Stage, TakesTheSlotOfATaskThatWaitsAtTheBarrier) {
  deterministic_system system;
  auto job = fake_job::make({{.tasks = 7, .barrier = true, .to = 1}, {.tasks = 3}});
  system.start(*job, 2);
  system.run();
  ASSERT_TRUE(job->run()->ended());
  EXPECT_EQ(job->sum(), 7 + 3);
}

TEST(Stage, NeverLetsAnUnreadResultKeepAnEarlierTaskWaiting) {
  // The reader wants task 0 first, as an iterator does, and releases nothing else before that one is done.
  for (unsigned seed = 0; seed != 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const fake_plan plan{{.tasks = 3, .blocks = 4, .to = 1}, {.tasks = 6, .blocks = 0, .streams = seed % 2 == 0}};
    deterministic_system system;
    auto job = fake_job::make(plan);
    job->hold_credit();
    system.start(*job, 1);
    std::mt19937 random{seed};
    while (system.busy())
      system.run_any(random);
    ASSERT_THAT(job->order(), testing::Contains(0));
    while (!job->run()->ended()) {
      job->release_credit();
      ASSERT_TRUE(system.busy());
      system.run();
    }
    ASSERT_EQ(job->sum(), expected_sum(plan));
  }
}

TEST(Stage, StreamsThroughPartitionsThatHaveNoSlot) {
  deterministic_system system;
  // The producer never ends; still each of the consumer's tasks passes its first block on.
  auto job = fake_job::make({{.tasks = 1, .blocks = 1'000'000, .to = 1}, {.tasks = 5, .blocks = 0, .streams = true}});
  system.start(*job, 1);
  std::mt19937 random{1};
  for (int i = 0; i != 2000; ++i)
    system.run_any(random);
  const auto order = job->order();
  for (int task = 0; task != 5; ++task)
    EXPECT_THAT(order, testing::Contains(task));
  system.running().cancel(*job->run());
  system.run();
}

TEST(Stage, TellsAStreamingConsumerEarlyWhichProducersAreDone) {
  int steps_of_last = 0;
  bool told_early = false;
  fake_plan plan{{.tasks = 3, .blocks = 1, .to = 1}, {.tasks = 1, .blocks = 0, .streams = true}};
  plan[0].in_step = [&](int task) { steps_of_last += task == 2; };
  plan[1].in_step = [&](int) { told_early = told_early || steps_of_last == 0; };
  deterministic_system system;
  auto job = fake_job::make(plan);
  system.start(*job, 1);
  system.run();
  EXPECT_TRUE(told_early);
  EXPECT_EQ(job->sum(), 3);
}

TEST(Stage, NeedsNoMemoryForChannelsThatAreNotUsed) {
  deterministic_system system;
  auto job = fake_job::make({{.tasks = 1000, .blocks = 1, .to = 1}, {.tasks = 1000, .blocks = 0}});
  system.start(*job, 2);
  system.run();
  EXPECT_EQ(job->sum(), 1000);
  EXPECT_THAT(job->complaints(), IsEmpty());
}

} // namespace
