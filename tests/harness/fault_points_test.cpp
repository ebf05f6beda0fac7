#include "dataflow/fault_point.hpp"
#include "tests/harness/actor_test.hpp"
#include "tests/harness/give_back.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using crema::internal::fails_here;
using crema::testing::held_resources;
using crema::testing::simulation;

TEST(FaultPoints, FailAtTheirNthCall) {
  simulation sim;
  sim.fail_at("disk", 2, EIO);
  EXPECT_FALSE(fails_here("disk"));
  EXPECT_FALSE(fails_here("network"));
  EXPECT_TRUE(fails_here("disk"));
  EXPECT_EQ(errno, EIO);
  EXPECT_FALSE(fails_here("disk"));
  EXPECT_EQ(sim.passed("disk"), 3u);
  EXPECT_THAT(sim.trace().to_text(), ::testing::HasSubstr("FAULT  disk fails, call 2"));
}

TEST(FaultPoints, FailFromThereOnIfTheyShall) {
  simulation sim;
  sim.fail_at("disk", 2, ENOSPC, true);
  EXPECT_FALSE(fails_here("disk"));
  for (int i = 0; i != 3; ++i)
    EXPECT_TRUE(fails_here("disk"));
}

TEST(FaultPoints, TakeTime) {
  simulation sim;
  sim.slow_down("disk", std::chrono::milliseconds{100});
  for (int i = 0; i != 3; ++i)
    EXPECT_FALSE(fails_here("disk"));
  EXPECT_FALSE(fails_here("network"));
  EXPECT_EQ(sim.now(), std::chrono::milliseconds{300});
}

TEST(FaultPoints, LetOtherThreadsAndLaterTestsPass) {
  {
    simulation sim;
    sim.fail_at("disk", 1, EIO, true);
    bool failed_there = true;
    std::thread{[&] { failed_there = fails_here("disk"); }}.join();
    EXPECT_FALSE(failed_there);
    EXPECT_TRUE(fails_here("disk"));
  }
  EXPECT_FALSE(fails_here("disk"));
}

struct eater_state {
  static inline const char* name = "eater";
  std::vector<std::unique_ptr<int>> eaten{};
};

/// Allocates a number for each message.
caf::behavior eater(caf::stateful_actor<eater_state>* self, int first) {
  self->state.eaten.reserve(100);
  return {[=](int n) { self->state.eaten.push_back(std::make_unique<int>(first + n)); }};
}

using Allocations = crema::testing::actor_test;

TEST_F(Allocations, FailAtTheirNthByAnActorOfThatName) {
  auto one = spawn(eater, 0);
  auto other = named("other", spawn([](caf::event_based_actor*) -> caf::behavior {
                       return {[](int n) { static_cast<void>(std::make_unique<int>(n)); }};
                     }));
  run();
  fail_allocation(3, "eater");
  for (int i = 0; i != 4; ++i) {
    caf::anon_send(one, i);
    caf::anon_send(other, i);
  }
  run();
  EXPECT_FALSE(is_alive(one));
  EXPECT_EQ(exit_reason(one), caf::make_error(caf::sec::runtime_error));
  EXPECT_TRUE(is_alive(other));
  EXPECT_THAT(trace().to_text(), ::testing::HasSubstr("an allocation fails"));
}

TEST_F(Allocations, AreCountedWhereNoneFails) {
  auto one = spawn(eater, 0);
  run();
  fail_allocation(0, "eater");
  caf::anon_send(one, 1);
  caf::anon_send(one, 2);
  run();
  EXPECT_EQ(allocations(), 2u);
}

TEST(HeldResources, AreCounted) {
  const held_resources before;
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_NE(held_resources{}, before);
  ::close(file);
  EXPECT_EQ(held_resources{}, before);
  bool differs = false;
  std::thread{[&] { differs = held_resources{} != before; }}.join();
  EXPECT_TRUE(differs);
}

} // namespace
