#include "tests/harness/actor_test.hpp"
#include "tests/harness/bank.hpp"
#include "tests/harness/failures.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/system_messages.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace bank;
using namespace std::chrono_literals;
using crema::testing::actor_ref;
using crema::testing::failure_of;
using crema::testing::simulation;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Simulation = crema::testing::actor_test;

/// Sends itself a message for ever.
caf::behavior busybody(caf::event_based_actor* self) {
  self->send(self, deposit{1});
  return {[=](deposit d) { self->send(self, d); }};
}

/// Says the hour, each hour.
caf::behavior cuckoo(caf::event_based_actor* self, const caf::actor& listener) {
  self->delayed_send(self, 1h, balance{});
  return {[=, hour = 0](balance) mutable {
    self->send(listener, ++hour);
    self->delayed_send(self, 1h, balance{});
  }};
}

// -- running ----------------------------------------------------------------------------------------------------------

TEST_F(Simulation, RunsNothingByItself) {
  auto account = spawn(bank::account, 100);
  caf::anon_send(account, deposit{5});
  EXPECT_FALSE(idle());
  EXPECT_EQ(mail_count(), 1u);
  EXPECT_TRUE(run_one()); // its start
  EXPECT_EQ(state_of<account_state>(account).amount, 100);
  EXPECT_TRUE(run_one());
  EXPECT_EQ(state_of<account_state>(account).amount, 105);
  EXPECT_TRUE(idle());
  EXPECT_FALSE(run_one());
  EXPECT_EQ(steps(), 2u);
}

TEST_F(Simulation, RunsOneMessageAStepAndTakesTurns) {
  std::vector<int> order;
  const auto write = [&order](caf::event_based_actor*) -> caf::behavior {
    return {[&order](int i) { order.push_back(i); }};
  };
  auto a = spawn(write);
  auto b = spawn(write);
  for (int i : {1, 2, 3}) {
    caf::anon_send(a, i);
    caf::anon_send(b, 10 * i);
  }
  EXPECT_EQ(run_steps(4), 4u);
  EXPECT_THAT(order, ElementsAre(1, 10));
  EXPECT_EQ(run(), 4u);
  EXPECT_THAT(order, ElementsAre(1, 10, 2, 20, 3, 30));
}

TEST_F(Simulation, RunsUntilSomethingHolds) {
  auto account = spawn(bank::account, 0);
  for (int i = 0; i != 10; ++i)
    caf::anon_send(account, deposit{1});
  run_one();
  EXPECT_TRUE(run_until([&] { return state_of<account_state>(account).amount == 4; }));
  EXPECT_EQ(steps(), 5u);
  EXPECT_FALSE(run_until([&] { return state_of<account_state>(account).amount == 40; }));
}

TEST(SimulationLimits, EndTheTestOfWhatNeverRests) {
  const auto text = failure_of([] {
    simulation sim{{.most_steps = 1000}};
    sim.spawn(busybody);
    sim.run();
    ADD_FAILURE() << "not reached";
  });
  EXPECT_THAT(text, AllOf(HasSubstr("no rest after 1001 steps"), HasSubstr("deposit(1)")));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("not reached")));
}

TEST_F(Simulation, StopsWhereAnActorFailsTheTest) {
  const auto text = failure_of([this] {
    auto wrong = spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int i) { ASSERT_EQ(i, 7); }}; });
    caf::anon_send(wrong, 7);
    caf::anon_send(wrong, 8);
    caf::anon_send(wrong, 9);
    run();
  });
  EXPECT_THAT(text, HasSubstr("8"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("9")));
}

TEST(SimulationEnds, NameActorsThatKeepEachOtherAlive) {
  const auto text = failure_of([] {
    simulation sim;
    auto a = sim.named("hansel", sim.spawn(bank::account, 1));
    auto b = sim.named("gretel", sim.spawn(bank::account, 2));
    const auto keep = [](const caf::actor& one, caf::actor other) {
      caf::actor_cast<caf::abstract_actor*>(one)->attach_functor([other = std::move(other)] {});
    };
    keep(a, b);
    keep(b, a);
    sim.run();
  });
  EXPECT_THAT(text, AllOf(HasSubstr("live on"), HasSubstr("hansel"), HasSubstr("gretel")));
}

TEST(SimulationEnds, RunNoHandlerAnyMore) {
  int handled = 0;
  {
    simulation sim;
    auto actor = sim.spawn([&handled](caf::event_based_actor* self) -> caf::behavior {
      ++handled;
      self->send(self, 1);
      return {[&handled](int) { ++handled; }};
    });
    sim.run_one();
    caf::anon_send(actor, 2);
    sim.spawn([&handled](caf::event_based_actor*) -> caf::behavior {
      ++handled;
      return {};
    });
  }
  EXPECT_EQ(handled, 1);
}

// -- time -------------------------------------------------------------------------------------------------------------

TEST_F(Simulation, MovesTimeOnlyWhenToldTo) {
  auto listener = probe();
  auto clock = spawn(cuckoo, listener.actor());
  run();
  EXPECT_EQ(now(), 0s);
  ASSERT_THAT(pending_timers(), SizeIs(1));
  EXPECT_EQ(pending_timers()[0].due, 1h);
  advance(59min);
  run();
  listener.expect_nothing();
  advance(1min);
  run();
  listener.expect<int>(1);
  EXPECT_TRUE(fire_next_timer());
  EXPECT_EQ(now(), 2h);
  run();
  listener.expect<int>(2);
  kill(clock);
  EXPECT_THAT(pending_timers(), SizeIs(1)); // a message to a dead actor
}

TEST_F(Simulation, RunsAYearOfHoursAtOnce) {
  auto listener = probe();
  auto clock = spawn(cuckoo, listener.actor());
  run_for(24h * 365);
  EXPECT_EQ(listener.count(), 24u * 365);
  EXPECT_EQ(now(), 24h * 365);
  kill(clock);
}

TEST_F(Simulation, TellsActorsTheSameTime) {
  auto asker = spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[=](balance) { return std::chrono::nanoseconds{self->clock().now().time_since_epoch()}.count(); }};
  });
  auto client = probe();
  client.send(asker, balance{});
  run();
  const auto before = client.expect<std::int64_t>();
  advance(5s);
  client.send(asker, balance{});
  run();
  client.expect<std::int64_t>(before + std::chrono::nanoseconds{5s}.count());
}

// -- actors -----------------------------------------------------------------------------------------------------------

TEST_F(Simulation, KnowsWhoSpawnedLinkedAndMonitoredWhom) {
  caf::actor linked, monitored;
  auto parent = spawn([&](caf::event_based_actor* self) -> caf::behavior {
    linked = self->spawn<caf::linked>(bank::account, 1);
    monitored = self->spawn<caf::monitored>(bank::account, 2);
    return {[](int) {}};
  });
  run();
  EXPECT_THAT(spawned_by(parent), ElementsAre(actor_ref{linked}, actor_ref{monitored}));
  EXPECT_TRUE(is_linked(parent, linked));
  EXPECT_TRUE(is_linked(linked, parent));
  EXPECT_FALSE(is_linked(parent, monitored));
  EXPECT_TRUE(monitors(parent, monitored));
  EXPECT_FALSE(monitors(monitored, parent));
  EXPECT_FALSE(monitors(parent, linked));
  EXPECT_THAT(living("account"), SizeIs(2));
}

TEST_F(Simulation, KillsAnActorBeforeTheRestOfItsMail) {
  auto account = spawn(bank::account, 10);
  auto witness = probe("witness");
  witness.watch(account);
  run();
  caf::anon_send(account, deposit{1});
  kill(account);
  EXPECT_FALSE(is_alive(account));
  EXPECT_EQ(exit_reason(account), caf::make_error(caf::exit_reason::kill));
  witness.expect_down(account);
  EXPECT_TRUE(idle());
}

TEST_F(Simulation, KillsAnActorThatHasNotBegun) {
  bool begun = false;
  auto victim = spawn([&](caf::event_based_actor*) -> caf::behavior {
    begun = true;
    return {[](int) {}};
  });
  auto witness = probe();
  witness.watch(victim);
  kill(victim);
  run();
  witness.expect_down(victim);
  EXPECT_FALSE(begun);
}

TEST_F(Simulation, LetsAHandlerThrowAtItsNthMessage) {
  std::vector<int> handled;
  auto victim = spawn([&](caf::event_based_actor* self) -> caf::behavior {
    self->set_exception_handler([&](std::exception_ptr& thrown) -> caf::error {
      try {
        std::rethrow_exception(thrown);
      } catch (const std::out_of_range& e) {
        return caf::make_error(caf::sec::runtime_error, e.what());
      }
    });
    return {[&](int i) { handled.push_back(i); }};
  });
  throw_in(victim, 3, std::make_exception_ptr(std::out_of_range{"far out"}));
  for (int i = 1; i != 6; ++i)
    caf::anon_send(victim, i);
  run();
  EXPECT_THAT(handled, ElementsAre(1, 2));
  ASSERT_FALSE(is_alive(victim));
  EXPECT_EQ(*exit_reason(victim), caf::sec::runtime_error);
}

TEST_F(Simulation, NamesWhoWaitsForWhom) {
  auto server = probe("server");
  auto client = named("client", spawn([server = server.actor()](caf::event_based_actor* self) -> caf::behavior {
                        self->request(server, caf::infinite, withdraw{3}).then([](int) {});
                        return {[](int) {}};
                      }));
  run();
  EXPECT_THAT(who_waits(), AllOf(HasSubstr("client#"), HasSubstr("waits for server#"), HasSubstr("withdraw(3)")));
  server.expect<withdraw>();
  server.reply(1);
  run();
  EXPECT_THAT(who_waits(), ::testing::Not(HasSubstr("waits for")));
}

TEST_F(Simulation, NamesWhoEndedBecauseNobodyKnewIt) {
  caf::anon_send(named("lost", spawn(bank::account, 1)), deposit{3});
  run();
  EXPECT_THAT(who_waits(), AllOf(HasSubstr("lost#"), HasSubstr("nobody referred to it"), HasSubstr("deposit(3)")));
}

TEST_F(Simulation, RefusesTheStateOfAnotherType) {
  struct other {};
  auto account = spawn(bank::account, 1);
  run();
  EXPECT_THAT(failure_of([&] { state_of<other>(account); }), HasSubstr("has no state of type other"));
}

} // namespace
