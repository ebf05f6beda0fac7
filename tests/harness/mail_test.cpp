#include "tests/harness/actor_test.hpp"
#include "tests/harness/bank.hpp"
#include "tests/harness/failures.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace bank;
using namespace std::chrono_literals;
using crema::testing::failure_of;
using crema::testing::simulation;
using ::testing::_;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Mail : public crema::testing::actor_test {
protected:
  /// Keeps the numbers that it gets.
  caf::actor spawn_list() {
    return spawn([this](caf::event_based_actor*) -> caf::behavior { return {[this](int i) { got.push_back(i); }}; });
  }

  std::vector<int> got;
  crema::testing::probe teller = probe("teller");
  crema::testing::probe other = probe("other");
  caf::actor account = spawn(bank::account, 100);
};

// -- expectations -----------------------------------------------------------------------------------------------------

TEST_F(Mail, IsDeliveredByAnExpectation) {
  teller.send(account, withdraw{50});
  run_one();
  expect<withdraw>().from(teller).to(account).with(Field(&withdraw::amount, Gt(40)));
  EXPECT_EQ(state_of<account_state>(account).amount, 50);
  expect<withdrawn>().from(account).to(teller).with(withdrawn{50});
  EXPECT_TRUE(idle());
}

TEST_F(Mail, IsExpectedWhoeverSendsOrGetsIt) {
  teller.send(account, withdraw{50});
  expect<withdraw>(); // and its receiver's start
  expect<withdrawn>();
  EXPECT_EQ(teller.count(), 1u);
}

TEST_F(Mail, OfSeveralValuesIsMatchedOneByOne) {
  teller.send(other.actor(), 3, std::string{"three"});
  expect<int, std::string>().from(teller).to(other).with(Gt(2), HasSubstr("ee"));
  teller.send(other.actor(), 3, std::string{"three"});
  EXPECT_THAT(failure_of([this] { expect<int, std::string>().to(other).with(3, "four"); }),
              AllOf(HasSubstr("value 2 is \"three\""), HasSubstr("is equal to \"four\"")));
}

TEST_F(Mail, ThatIsNotAsExpectedIsShown) {
  teller.send(account, withdraw{150});
  run_steps(2);
  const auto text = failure_of([this] { expect<withdrawn>().from(account).to(teller).with(withdrawn{150}); });
  EXPECT_THAT(text, AllOf(HasSubstr("expected withdrawn"), HasSubstr("teller#"), HasSubstr("refused(150)"),
                          HasSubstr("its types differ")));
  EXPECT_THAT(failure_of([this] { expect<refused>().from(other).to(teller); }), HasSubstr("its sender differs"));
  EXPECT_THAT(failure_of([this] { expect<refused>().to(account); }), HasSubstr("expected refused to account#"));
  EXPECT_EQ(teller.count(), 1u) << "what failed delivered nothing";
}

TEST_F(Mail, ThatIsExpectedMustBeTheNextOfItsReceiver) {
  teller.send(account, withdraw{1});
  other.send(account, withdraw{2});
  run_one();
  EXPECT_THAT(failure_of([this] { expect<withdraw>().from(other).to(account); }), HasSubstr("its sender differs"));
}

TEST(Expectations, EndTheTestWhereTheyFail) {
  bool went_on = false;
  const auto here = __LINE__ + 4;
  crema::testing::detail::failure_catcher caught;
  try {
    simulation sim;
    sim.expect<int>();
    went_on = true;
  } catch (const ::testing::AssertionException&) {
  }
  EXPECT_FALSE(went_on);
  const auto failures = caught.failures();
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].line_number(), here);
  EXPECT_THAT(failures[0].file_name(), HasSubstr("mail_test.cpp"));
}

TEST_F(Mail, IsAllowedOrNot) {
  EXPECT_FALSE(allow<withdraw>().to(account));
  teller.send(account, withdraw{50});
  disallow<deposit>();
  EXPECT_TRUE(allow<withdraw>().to(account));
  EXPECT_EQ(state_of<account_state>(account).amount, 50);
  disallow<withdraw>();
  EXPECT_THAT(failure_of([this] { disallow<withdrawn>().to(teller); }), HasSubstr("there is withdrawn to teller#"));
}

TEST_F(Mail, IsInjectedBeforeAllThatWaits) {
  auto list = spawn_list();
  caf::anon_send(list, 1);
  inject<int>().from(teller).to(list).with(2);
  run();
  EXPECT_THAT(got, ElementsAre(2, 1));
}

// -- what goes wrong with it ------------------------------------------------------------------------------------------

TEST_F(Mail, IsDropped) {
  auto list = spawn_list();
  for (int i : {1, 2, 3})
    caf::anon_send(list, i);
  drop<int>().to(list).with(2);
  run();
  EXPECT_THAT(got, ElementsAre(1, 3));
  EXPECT_THAT(failure_of([&] { drop<int>().to(list); }), HasSubstr("there is no int to"));
}

TEST_F(Mail, OfAnIdleActorIsDroppedWithoutATrace) {
  run();
  teller.send(account, deposit{1});
  drop<deposit>().to(account);
  EXPECT_TRUE(idle());
  EXPECT_FALSE(run_one());
  teller.send(account, deposit{2});
  run();
  EXPECT_EQ(state_of<account_state>(account).amount, 102);
}

TEST_F(Mail, IsDuplicated) {
  auto list = spawn_list();
  for (int i : {1, 2, 3})
    caf::anon_send(list, i);
  duplicate<int>().to(list).with(1);
  run();
  EXPECT_THAT(got, ElementsAre(1, 2, 3, 1));
}

TEST_F(Mail, IsHeldUntilItsRelease) {
  auto list = spawn_list();
  for (int i : {1, 2, 3, 4})
    caf::anon_send(list, i);
  hold<int>().to(list).with(::testing::Lt(4));
  run();
  EXPECT_THAT(got, ElementsAre(4));
  release<int>().with(2);
  run();
  EXPECT_THAT(got, ElementsAre(4, 2));
  release_all();
  run();
  EXPECT_THAT(got, ElementsAre(4, 2, 1, 3));
}

TEST_F(Mail, IsDelayed) {
  auto list = spawn_list();
  for (int i : {1, 2})
    caf::anon_send(list, i);
  delay_by<int>(5s).to(list);
  run();
  EXPECT_THAT(got, ElementsAre(2));
  EXPECT_THAT(pending_timers(), SizeIs(1));
  run_for(5s);
  EXPECT_THAT(got, ElementsAre(2, 1));
}

TEST_F(Mail, ThatWasSkippedStaysAside) {
  auto moody = spawn([this](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler(caf::skip);
    return {[=, this](std::string) { self->become(caf::message_handler{[this](int i) { got.push_back(i); }}); }};
  });
  for (int i : {1, 2, 3})
    caf::anon_send(moody, i);
  run();
  EXPECT_THAT(got, IsEmpty());
  EXPECT_THAT(mailbox_of(moody), SizeIs(3));
  EXPECT_THAT(trace().to_text(), HasSubstr("skipped"));
  drop<int>().to(moody).with(2);
  caf::anon_send(moody, std::string{"cheer up"});
  run();
  EXPECT_THAT(got, ElementsAre(1, 3));
}

TEST_F(Mail, ThatIsAwaitedIsTheNext) {
  auto asker = spawn([this](caf::event_based_actor* self) -> caf::behavior {
    self->request(teller.actor(), caf::infinite, balance{}).await([this](int i) { got.push_back(i); });
    return {[this](int i) { got.push_back(i); }};
  });
  run();
  caf::anon_send(asker, 1);
  teller.expect<balance>();
  teller.reply(2);
  expect<int>().from(teller).to(asker).with(2);
  run();
  EXPECT_THAT(got, ElementsAre(2, 1));
}

TEST_F(Mail, IsSeenWithoutBeingDelivered) {
  teller.send(account, withdraw{1});
  other.send(account, deposit{2});
  const auto mail = mailbox_of(account);
  ASSERT_THAT(mail, SizeIs(2));
  EXPECT_TRUE(mail[0].is<withdraw>());
  EXPECT_EQ(mail[0].text, "withdraw(1)");
  EXPECT_EQ(mail[1].sender, caf::actor_cast<caf::strong_actor_ptr>(other.actor()));
  EXPECT_EQ(mail_count(), 2u);
}

TEST_F(Mail, OnAnUnreliableLinkGetsLostComesTwiceOrLate) {
  auto list = spawn_list();
  unreliable(list, {.lose = 0.2, .duplicate = 0.2, .delay = 0.2, .longest_delay = 1s});
  draws() = crema::testing::choices{7};
  for (int i = 0; i != 1000; ++i)
    caf::anon_send(list, i);
  run();
  const auto soon = got.size();
  run_for(1min);
  EXPECT_GT(got.size(), soon);
  std::vector<int> times(1000);
  for (int i : got)
    ++times[static_cast<std::size_t>(i)];
  EXPECT_NEAR(static_cast<double>(std::ranges::count(times, 0)), 250, 100);
  EXPECT_GT(std::ranges::count_if(times, [](int n) { return n > 1; }), 50);
  heal();
  got.clear();
  for (int i = 0; i != 1000; ++i)
    caf::anon_send(list, i);
  run();
  EXPECT_EQ(got.size(), 1000u);
}

// -- probes -----------------------------------------------------------------------------------------------------------

TEST_F(Mail, OfAProbeIsTakenInOrder) {
  other.send(teller.actor(), 1);
  other.send(teller.actor(), 2, std::string{"two"});
  EXPECT_EQ(teller.expect<int>(), 1);
  const auto [number, text] = teller.expect<int, std::string>(_, HasSubstr("w"));
  EXPECT_EQ(number, 2);
  EXPECT_EQ(text, "two");
  teller.expect_nothing();
  EXPECT_THAT(failure_of([this] { teller.expect<int>(); }), AllOf(HasSubstr("teller#"), HasSubstr("nothing")));
  other.send(teller.actor(), 3);
  EXPECT_THAT(failure_of([this] { teller.expect_nothing(); }), HasSubstr("3  of other#"));
  EXPECT_THAT(failure_of([this] { teller.expect<int>(4); }), AllOf(HasSubstr("is equal to 4"), HasSubstr("is 3")));
}

TEST_F(Mail, IsAnsweredAndForwardedByAProbe) {
  teller.request(account, balance{});
  run();
  teller.expect<std::int64_t>(100);
  teller.request(other.actor(), balance{});
  other.expect<balance>();
  other.forward(account);
  run();
  teller.expect<std::int64_t>(100);
  other.expect_nothing();
}

TEST_F(Mail, IsAnsweredByAnAutopilot) {
  other.autopilot([](crema::testing::probe& self, const crema::testing::letter& asked) {
    self.turn_to(asked);
    self.reply(asked.content.get_as<int>(0) + 1);
  });
  teller.request(other.actor(), 41);
  run();
  teller.expect<int>(42);
  other.expect<int>(41);
}

} // namespace
