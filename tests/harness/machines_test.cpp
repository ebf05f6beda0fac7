#include "tests/harness/testing.hpp"

#include <caf/event_based_actor.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

namespace {

using namespace crema::testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Spawns another of its kind for each number above zero, which gets one less; answers with what it got.
caf::behavior parent(caf::event_based_actor* self, caf::actor told) {
  return {[self, told, children = std::make_shared<std::vector<caf::actor>>()](int n) {
    self->send(told, n);
    if (n > 0)
      self->send(children->emplace_back(self->spawn(parent, told)), n - 1);
  }};
}

/// Two of them on machine 7, and one elsewhere.
struct machines : ::testing::Test {
  simulation sim;
  probe told = sim.probe("told");
  caf::actor there = sim.spawn(parent, told.actor());
  caf::actor elsewhere = sim.spawn(parent, told.actor());

  machines() {
    sim.put_on_machine(there, 7);
    told.send(there, 1);
    sim.run();
    told.expect<int>(1);
    told.expect<int>(0);
  }
};

TEST_F(machines, HaveWhatTheirActorsSpawn) {
  const auto children = sim.spawned_by(there);
  ASSERT_EQ(children.size(), 1U);
  EXPECT_EQ(sim.machine_of(there), 7U);
  EXPECT_EQ(sim.machine_of(children.front()), 7U);
  EXPECT_EQ(sim.machine_of(elsewhere), 0U);
}

TEST_F(machines, GetNoTurnWhileTheyArePaused) {
  sim.pause_machine(7);
  told.send(there, 0);
  told.send(elsewhere, 0);
  EXPECT_FALSE(sim.idle());
  sim.run();
  EXPECT_TRUE(sim.idle()) << "all that may run has run";
  EXPECT_EQ(told.count(), 1U);
  told.expect<int>(0);
  sim.run_for(1h);
  told.expect_nothing();
  sim.resume_machine(7);
  sim.run();
  told.expect<int>(0);
  EXPECT_THAT(sim.trace().to_text(), HasSubstr("FAULT  machine 7 goes on"));
}

TEST_F(machines, AreKilledAsAWhole) {
  const auto child = sim.spawned_by(there).front();
  told.send(there, 0);
  sim.kill_machine(7);
  EXPECT_FALSE(sim.is_alive(there));
  EXPECT_FALSE(sim.is_alive(child));
  EXPECT_TRUE(sim.is_alive(elsewhere));
  sim.run();
  told.expect_nothing();
}

TEST_F(machines, KeepTheirPauseFromMakingAFailureOfTheTest) {
  sim.pause_machine(7);
  told.send(there, 0);
}

} // namespace
