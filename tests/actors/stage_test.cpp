#include "tests/actors/simulated_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace {

using crema::testing::expected_sum;
using crema::testing::explore;
using crema::testing::fake_plan;
using crema::testing::random_order;
using crema::testing::schedule;
using crema::testing::simulated_job;
using crema::testing::simulation;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// By chance, but this actor only when nobody else can.
class last_of_all final : public schedule {
public:
  explicit last_of_all(const caf::actor_id& last) : last_{last} {}

  std::size_t pick(std::span<const caf::actor_id> ready) override {
    const auto picked = order_->pick(ready);
    return ready[picked] == last_ ? (picked + 1) % ready.size() : picked;
  }

private:
  const caf::actor_id& last_;
  std::unique_ptr<schedule> order_ = random_order(1);
};

TEST(Stage, LetsAtMostItsSlotsProduceAtOnce) {
  for (const int slots : {1, 2, 5}) {
    constexpr int steps_of_a_task = 4;
    std::map<int, int> steps;
    long most = 0;
    const auto count = [&](int task) {
      ++steps[task];
      most = std::max(most, std::ranges::count_if(steps, [](auto& at) { return at.second < steps_of_a_task; }));
    };
    simulation sim{{.order = random_order(1)}};
    simulated_job job{sim, fake_plan{{.tasks = 20, .blocks = steps_of_a_task - 1, .in_step = count}}, slots};
    sim.run();
    EXPECT_EQ(job->sum(), 60);
    EXPECT_LE(most, slots);
  }
}

TEST(Stage, LetsNoDoneTasksPileUpBeforeTheirCommit) {
  caf::actor_id driver = 0;
  simulation sim{{.order = std::make_unique<last_of_all>(driver)}};
  simulated_job job{sim, fake_plan{{.tasks = 100, .blocks = 0}}, 2};
  driver = job.driver().id();
  sim.run();
  EXPECT_TRUE(job.ended());
  EXPECT_LE(job->most_tasks(), 2);
}

TEST(Stage, AdmitsTasksInPartitionOrder) {
  std::vector<int> order;
  simulation sim;
  simulated_job job{sim, fake_plan{{.tasks = 6, .blocks = 0, .in_step = [&](int task) { order.push_back(task); }}}, 1};
  sim.run();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(Stage, StopsProducingWhileNobodyReadsTheResult) {
  simulation sim;
  simulated_job job{sim, fake_plan{{.tasks = 10}}, 2, true};
  sim.run();
  EXPECT_THAT(job->order(), UnorderedElementsAre(0, 1));
  job->release_credit();
  sim.run();
  EXPECT_EQ(job->order().size(), 4u);
  while (!job.ended()) {
    job->release_credit();
    sim.run();
  }
  EXPECT_EQ(job->sum(), 10);
}

TEST(Stage, BoundsTheUnreadResultsOfEachTask) {
  // 256 blocks of 16 bytes a record: 256 KiB each, so that four fill the window of a task.
  simulation sim;
  simulated_job job{sim, fake_plan{{.tasks = 2, .blocks = 256, .records = 10000}}, 2, true};
  sim.run();
  EXPECT_GE(job->held(), 2u);
  EXPECT_LE(job->held(), 16u);
  while (!job.ended()) {
    job->release_credit();
    sim.run();
  }
  EXPECT_EQ(job->sum(), 2 * 256 * 10000);
  EXPECT_THAT(job->complaints(), IsEmpty());
  EXPECT_GT(job->run()->metrics().stages[0].total.credit_waits, 0u);
}

TEST(Stage, TakesTheSlotOfATaskThatWaitsAtTheBarrier) {
  simulation sim;
  simulated_job job{sim, fake_plan{{.tasks = 7, .barrier = true, .to = 1}, {.tasks = 3}}, 2};
  sim.run();
  ASSERT_TRUE(job.ended());
  EXPECT_EQ(job->sum(), 7 + 3);
}

TEST(Stage, NeverLetsAnUnreadResultKeepAnEarlierTaskWaiting) {
  // The reader wants task 0 first, as an iterator does, and releases nothing else before that one is done.
  explore({.runs = 200}, [](simulation& sim) {
    const fake_plan plan{{.tasks = 3, .blocks = 4, .to = 1},
                         {.tasks = 6, .blocks = 0, .streams = sim.draws().one_in(2)}};
    simulated_job job{sim, plan, 1, true};
    sim.run();
    ASSERT_THAT(job->order(), Contains(0));
    while (!job.ended()) {
      job->release_credit();
      ASSERT_FALSE(sim.idle());
      sim.run();
    }
    EXPECT_EQ(job->sum(), expected_sum(plan));
  });
}

TEST(Stage, StreamsThroughPartitionsThatHaveNoSlot) {
  simulation sim{{.order = random_order(1)}};
  // The producer never ends; still each of the consumer's tasks passes its first block on.
  simulated_job job{
    sim, fake_plan{{.tasks = 1, .blocks = 1'000'000, .to = 1}, {.tasks = 5, .blocks = 0, .streams = true}}, 1};
  sim.run_steps(2000);
  const auto order = job->order();
  for (int task = 0; task != 5; ++task)
    EXPECT_THAT(order, Contains(task));
  job.cancel();
  sim.run();
}

TEST(Stage, TellsAStreamingConsumerEarlyWhichProducersAreDone) {
  int steps_of_last = 0;
  bool told_early = false;
  fake_plan plan{{.tasks = 3, .blocks = 1, .to = 1}, {.tasks = 1, .blocks = 0, .streams = true}};
  plan[0].in_step = [&](int task) { steps_of_last += task == 2; };
  plan[1].in_step = [&](int) { told_early = told_early || steps_of_last == 0; };
  simulation sim;
  simulated_job job{sim, plan, 1};
  sim.run();
  EXPECT_TRUE(told_early);
  EXPECT_EQ(job->sum(), 3);
}

TEST(Stage, NeedsNoMemoryForChannelsThatAreNotUsed) {
  simulation sim;
  simulated_job job{sim, fake_plan{{.tasks = 1000, .blocks = 1, .to = 1}, {.tasks = 1000, .blocks = 0}}, 2};
  sim.run();
  EXPECT_EQ(job->sum(), 1000);
  EXPECT_THAT(job->complaints(), IsEmpty());
}

} // namespace
