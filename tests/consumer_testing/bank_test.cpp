#include "bank.hpp"

#include <crema/testing.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace crema::testing;
using ::testing::AllOf;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// [quote fixture]
class Bank : public crema::testing::actor_test {
protected:
  crema::testing::probe customer = probe("customer");
  crema::testing::probe peer = probe("peer");
  caf::actor ours = named("ours", spawn(bank, peer.actor(), 100, false));
};
// [end]

// [quote first]
TEST_F(Bank, SendsMoneyToItsPeer) {
  inject<transfer>().from(customer).to(ours).with(transfer{1, 30});
  EXPECT_EQ(state_of<bank_state>(ours).balance, 70);
  expect<credit>().from(ours).to(peer).with(AllOf(Field(&credit::id, 1), Field(&credit::amount, 30)));
  inject<credited>().from(peer).to(ours).with(credited{1});
  expect<transferred>().from(ours).to(customer).with(Field(&transferred::id, 1));
  EXPECT_TRUE(idle());
}
// [end]

// [quote nothing]
TEST_F(Bank, RefusesWhatItDoesNotHave) {
  customer.send(ours, transfer{1, 130});
  run();
  customer.expect<refused>(Field(&refused::id, 1));
  peer.expect_nothing();
}
// [end]

// [quote time]
TEST_F(Bank, AsksAgainAfterASecond) {
  inject<transfer>().from(customer).to(ours).with(transfer{1, 30});
  drop<credit>().from(ours).to(peer); // the peer never gets it
  advance(999ms);
  run();
  peer.expect_nothing();
  advance(1ms);
  run();
  peer.expect<credit>(Field(&credit::id, 1));
  peer.reply(credited{1});
  run();
  customer.expect<transferred>();
  run_for(1h); // and never again
  peer.expect_nothing();
}
// [end]

// [quote flaky]
/// Transfers from one bank to another by a connection that loses, repeats and delays. When it has been good for a
/// while, all is done, and no money was lost or made.
void transfers(simulation& sim, bool forgetful) {
  auto wire = sim.probe("wire"); // stands between the banks
  auto customer = sim.probe("customer");
  auto ours = sim.named("ours", sim.spawn(bank, wire.actor(), 100, forgetful));
  auto theirs = sim.named("theirs", sim.spawn(bank, wire.actor(), 0, forgetful));
  wire.autopilot([&](probe& self, const letter& mail) {
    self.send(mail.sender == actor_ref{ours}.ptr() ? theirs : ours, mail.content);
  });
  sim.unreliable(wire, {.lose = 0.2, .duplicate = 0.1, .delay = 0.2, .longest_delay = 3s});

  int asked = 0;
  sim.draws().up_to(5, [&] {
    customer.send(ours, transfer{++asked, sim.draws().number(1, 20)});
    return true;
  });
  sim.run_for(10s);
  sim.heal();
  sim.run_for(10s);

  EXPECT_THAT(sim.state_of<bank_state>(ours).sent, IsEmpty()) << sim.who_waits();
  EXPECT_EQ(customer.count(), static_cast<std::size_t>(asked));
  const auto sum = sim.state_of<bank_state>(ours).balance + sim.state_of<bank_state>(theirs).balance;
  EXPECT_EQ(sum, 100) << "money was lost or made";
}

TEST(Banks, NeitherLoseNorMakeMoney) {
  explore({.runs = 200}, [](simulation& sim) { transfers(sim, false); });
}
// [end]

// [quote forgetful]
TEST(Banks, ThatForgetTransfersPayTwice) {
  const auto found = find_failure({.runs = 200}, [](simulation& sim) { transfers(sim, true); });
  ASSERT_TRUE(found.failure);
  EXPECT_THAT(found.failure->message, HasSubstr("money was lost or made"));
  EXPECT_THAT(found.failure->faults, SizeIs(1)); // one is enough
}
// [end]

// [quote all]
TEST(Banks, AgreeInEveryOrderOfTwoTransfers) {
  const auto seen = explore_all(12, [](simulation& sim) {
    auto customer = sim.probe("customer");
    auto sink = sim.probe("sink");
    auto theirs = sim.spawn(bank, sink.actor(), 0, false);
    auto ours = sim.spawn(bank, theirs, 100, false);
    customer.send(ours, transfer{1, 60});
    customer.send(ours, transfer{2, 60});
    sim.run();
    EXPECT_EQ(customer.count(), 2u);
    EXPECT_EQ(sim.state_of<bank_state>(ours).balance, 40);
    EXPECT_EQ(sim.state_of<bank_state>(theirs).balance, 60);
  });
  EXPECT_TRUE(seen.complete);
}
// [end]

// [quote death]
TEST_F(Bank, TellsWhoWatchesItThatItDied) {
  customer.watch(ours);
  throw_in(ours, 2); // at its second message
  customer.send(ours, transfer{1, 30});
  customer.send(ours, transfer{2, 30});
  run();
  customer.expect_down(ours);
  EXPECT_FALSE(is_alive(ours));
}
// [end]

} // namespace
