#include "tests/actors/random_plan.hpp"
#include "tests/actors/simulated_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace {

using crema::errc;
using crema::testing::choices;
using crema::testing::expected_sum;
using crema::testing::explore;
using crema::testing::fake_job;
using crema::testing::fake_plan;
using crema::testing::place;
using crema::testing::random_plan;
using crema::testing::simulated_job;
using crema::testing::simulation;
using testing::IsEmpty;

int one_to_three(choices& draw) {
  return draw.number(1, 3);
}

TEST(Driver, GivesTheSameResultInEveryOrderOfMessages) {
  explore({.runs = 400}, [](simulation& sim) {
    const auto plan = random_plan(sim.draws());
    simulated_job job{sim, plan, one_to_three(sim.draws()), false, one_to_three(sim.draws())};
    sim.run();
    ASSERT_TRUE(job.ended()) << sim.who_waits();
    ASSERT_FALSE(job->failure()) << job->failure()->what();
    EXPECT_EQ(job->sum(), expected_sum(plan));
    EXPECT_THAT(job->complaints(), IsEmpty());
  });
}

TEST(Driver, EndsWithTheFailureAndLeavesNothingOfTheJob) {
  int failed = 0;
  const auto seen = explore({.runs = 400}, [&](simulation& sim) {
    auto& draw = sim.draws();
    auto plan = random_plan(draw);
    auto& failing = plan[draw.below(plan.size())];
    failing.fails = static_cast<place>(draw.number(1, 10));
    failing.failing_task = draw.number(0, std::max(0, failing.tasks - 1));
    simulated_job job{sim, plan, one_to_three(draw), false, one_to_three(draw)};
    sim.run();
    ASSERT_TRUE(job.ended()) << sim.who_waits();
    EXPECT_THAT(job->complaints(), IsEmpty());
    if (!job->failure()) {
      EXPECT_EQ(job->sum(), expected_sum(plan));
      return;
    }
    ++failed;
    EXPECT_EQ(job->failure()->code(), errc::user_exception);
    EXPECT_EQ(job->failure()->text(), "boom");
    EXPECT_EQ(job->failure()->where().op, "fake");
    // A whole stage agrees, not one of its tasks.
    EXPECT_EQ(job->failure()->where().partition, failing.fails == place::agree ? -1 : failing.failing_task);
  });
  EXPECT_GT(failed, static_cast<int>(seen.runs) * 3 / 10 - 1);
}

TEST(Driver, EndsACancelledJobAtAnyMoment) {
  int cancelled = 0;
  const auto seen = explore({.runs = 400}, [&](simulation& sim) {
    auto& draw = sim.draws();
    simulated_job job{sim, random_plan(draw), one_to_three(draw), draw.one_in(2), one_to_three(draw)};
    sim.before_step(draw.below(100), "cancelled", [&] { job.cancel(); });
    sim.run();
    job.cancel();
    sim.run();
    ASSERT_TRUE(job.ended()) << sim.who_waits();
    EXPECT_THAT(job->complaints(), IsEmpty());
    if (!job->failure())
      return;
    ++cancelled;
    job->release_credit();
    EXPECT_TRUE(sim.idle()) << "credit came back to a job that is over";
  });
  EXPECT_GT(cancelled, static_cast<int>(seen.runs) * 3 / 10 - 1);
}

TEST(Driver, SeesBetweenStepsThatTheDeadlineHasPassed) {
  simulation sim;
  simulated_job job{sim, fake_plan{{.tasks = 3, .endless = true}}, 2};
  job->run()->set_deadline(sim.system().clock().now() + std::chrono::seconds{1});
  sim.run_steps(50);
  ASSERT_FALSE(job.ended());
  sim.advance(std::chrono::seconds{2});
  sim.run();
  ASSERT_TRUE(job.ended());
  EXPECT_EQ(job->failure()->code(), errc::deadline_exceeded);
  EXPECT_THAT(job->complaints(), IsEmpty());
}

TEST(Driver, GoesOnWithTheNextPlanOfTheJob) {
  explore({.runs = 100}, [](simulation& sim) {
    auto& draw = sim.draws();
    const std::vector plans{random_plan(draw), random_plan(draw), random_plan(draw)};
    simulated_job job{sim, fake_job::make_series(plans), 2, false, one_to_three(draw)};
    sim.run();
    ASSERT_TRUE(job.ended()) << sim.who_waits();
    EXPECT_THAT(job->complaints(), IsEmpty());
    EXPECT_EQ(job->sum(), expected_sum(plans[0]) + expected_sum(plans[1]) + expected_sum(plans[2]));
  });
}

TEST(Driver, EndsAJobWithoutTasks) {
  simulation sim;
  simulated_job job{sim, fake_plan{{.tasks = 0}}, 2};
  sim.run();
  EXPECT_TRUE(job.ended());
  EXPECT_FALSE(job->failure());
}

TEST(Driver, StartsNoStageBeforeThoseThatItComesAfter) {
  explore({.runs = 100}, [](simulation& sim) {
    int stored = 0;
    bool too_early = false;
    const auto reads = [&](int) { too_early = too_early || stored != 3; };
    // The last stage reads what the first one stored; so its producer, the second, has to wait too.
    simulated_job job{sim,
                      fake_plan{{.tasks = 3, .blocks = 0, .in_step = [&](int) { ++stored; }},
                                {.tasks = 2, .to = 2, .in_step = reads},
                                {.tasks = 2, .streams = true, .after = {0}, .in_step = reads}},
                      2};
    sim.run();
    ASSERT_TRUE(job.ended());
    EXPECT_FALSE(too_early);
    EXPECT_EQ(job->sum(), 4);
  });
}

} // namespace
