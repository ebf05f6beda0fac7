#include "tests/actors/deterministic_system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using crema::errc;
using crema::testing::deterministic_system;
using crema::testing::expected_sum;
using crema::testing::fake_job;
using crema::testing::fake_plan;
using crema::testing::place;
using testing::IsEmpty;

/// Runs `job` on one to three hosts, in the order that `seed` decides, until nothing is left to do.
void run(deterministic_system& system, const std::shared_ptr<fake_job>& job, int slots, unsigned seed) {
  std::mt19937 random{seed};
  system.start(*job, slots, 1 + static_cast<int>(seed % 3));
  while (system.busy())
    system.run_any(random);
}

fake_plan random_plan(std::mt19937& random) {
  const auto number = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(most + 1)); };
  fake_plan plan(static_cast<std::size_t>(1 + number(4)));
  const int last = static_cast<int>(plan.size()) - 1;
  std::vector<int> inputs(plan.size());
  for (int i = 0; i <= last; ++i) {
    auto& stage = plan[static_cast<std::size_t>(i)];
    stage.tasks = number(9) == 0 && i != last ? 0 : 1 + number(4);
    stage.blocks = number(3);
    stage.records = 1 + number(40000) * number(1);
    stage.barrier = number(3) == 0 && i != last;
    stage.streams = number(1) == 0;
    stage.ends_early = number(5) == 0;
    if (i != last) {
      stage.to = i + 1 + number(last - i - 1);
      stage.input = inputs[static_cast<std::size_t>(stage.to)]++;
    }
  }
  // A stage without tasks sends nothing anywhere, so nothing may be sent to it either.
  for (auto& stage : plan)
    if (stage.to >= 0 && plan[static_cast<std::size_t>(stage.to)].tasks == 0)
      plan[static_cast<std::size_t>(stage.to)].tasks = 1;
  return plan;
}

TEST(Driver, GivesTheSameResultInEveryOrderOfMessages) {
  for (unsigned seed = 0; seed != 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const auto plan = random_plan(random);
    deterministic_system system;
    auto job = fake_job::make(plan);
    run(system, job, 1 + static_cast<int>(random() % 3), seed);
    ASSERT_TRUE(job->run()->ended());
    ASSERT_FALSE(job->failure()) << job->failure()->what();
    ASSERT_EQ(job->sum(), expected_sum(plan));
    ASSERT_THAT(job->complaints(), IsEmpty());
  }
}

TEST(Driver, EndsWithTheFailureAndLeavesNothingOfTheJob) {
  int failed = 0;
  for (unsigned seed = 0; seed != 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    auto plan = random_plan(random);
    auto& failing = plan[random() % plan.size()];
    failing.fails = static_cast<place>(1 + random() % 11);
    failing.failing_task = static_cast<int>(random() % static_cast<unsigned>(std::max(1, failing.tasks)));
    deterministic_system system;
    auto job = fake_job::make(plan);
    run(system, job, 1 + static_cast<int>(random() % 3), seed);
    ASSERT_TRUE(job->run()->ended());
    ASSERT_THAT(job->complaints(), IsEmpty());
    if (!job->failure()) {
      ASSERT_EQ(job->sum(), expected_sum(plan));
      continue;
    }
    ++failed;
    ASSERT_EQ(job->failure()->code(), errc::user_exception);
    ASSERT_EQ(job->failure()->text(), "boom");
    ASSERT_EQ(job->failure()->where().op, "fake");
    // A whole stage agrees, not one of its tasks.
    ASSERT_EQ(job->failure()->where().partition, failing.fails == place::agree ? -1 : failing.failing_task);
  }
  EXPECT_GT(failed, 300);
}

TEST(Driver, EndsACancelledJobAtAnyMoment) {
  int cancelled = 0;
  for (unsigned seed = 0; seed != 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    deterministic_system system;
    auto job = fake_job::make(random_plan(random));
    if (random() % 2 == 0)
      job->hold_credit();
    system.start(*job, 1 + static_cast<int>(random() % 3), 1 + static_cast<int>(seed % 3));
    for (auto steps = random() % 100; steps != 0 && system.busy(); --steps)
      system.run_any(random);
    system.running().cancel(*job->run());
    while (system.busy())
      system.run_any(random);
    ASSERT_TRUE(job->run()->ended());
    ASSERT_THAT(job->complaints(), IsEmpty());
    if (!job->failure())
      continue;
    ++cancelled;
    job->release_credit();
    ASSERT_FALSE(system.busy()) << "credit came back to a job that is over";
  }
  EXPECT_GT(cancelled, 300);
}

TEST(Driver, SeesBetweenStepsThatTheDeadlineHasPassed) {
  deterministic_system system;
  auto job = fake_job::make({{.tasks = 3, .endless = true}});
  system.start(*job, 2);
  for (int step = 0; step != 50; ++step)
    system.run_one();
  ASSERT_FALSE(job->run()->ended());
  job->run()->set_deadline(std::chrono::steady_clock::now() - std::chrono::seconds{1});
  system.run();
  ASSERT_TRUE(job->run()->ended());
  EXPECT_EQ(job->failure()->code(), errc::deadline_exceeded);
  EXPECT_THAT(job->complaints(), IsEmpty());
}

TEST(Driver, GoesOnWithTheNextPlanOfTheJob) {
  for (unsigned seed = 0; seed != 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    std::vector<fake_plan> plans{random_plan(random), random_plan(random), random_plan(random)};
    deterministic_system system;
    auto job = fake_job::make_series(plans);
    run(system, job, 2, seed);
    ASSERT_TRUE(job->run()->ended());
    ASSERT_THAT(job->complaints(), IsEmpty());
    ASSERT_EQ(job->sum(), expected_sum(plans[0]) + expected_sum(plans[1]) + expected_sum(plans[2]));
  }
}

TEST(Driver, EndsAJobWithoutTasks) {
  deterministic_system system;
  auto job = fake_job::make({{.tasks = 0}});
  run(system, job, 2, 0);
  EXPECT_TRUE(job->run()->ended());
  EXPECT_FALSE(job->failure());
}

TEST(Driver, StartsNoStageBeforeThoseThatItComesAfter) {
  for (unsigned seed = 0; seed != 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    int stored = 0;
    bool too_early = false;
    const auto reads = [&](int) { too_early = too_early || stored != 3; };
    // The last stage reads what the first one stored; so its producer, the second, has to wait too.
    deterministic_system system;
    auto job = fake_job::make({{.tasks = 3, .blocks = 0, .in_step = [&](int) { ++stored; }},
                               {.tasks = 2, .to = 2, .in_step = reads},
                               {.tasks = 2, .streams = true, .after = {0}, .in_step = reads}});
    run(system, job, 2, seed);
    ASSERT_TRUE(job->run()->ended());
    ASSERT_FALSE(too_early);
    ASSERT_EQ(job->sum(), 4);
  }
}

} // namespace
