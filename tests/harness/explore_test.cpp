#include "tests/harness/explore.hpp"

#include "tests/harness/bank.hpp"
#include "tests/harness/failures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace crema::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// -- a system with a race: two clients read a number, and write it back increased
// ---------------------------------------

struct read {};
struct write {
  int value = 0;
};

template <class Inspector>
auto inspect(Inspector& f, read&) {
  return f(caf::meta::type_name("read"));
}
template <class Inspector>
auto inspect(Inspector& f, write& x) {
  return f(caf::meta::type_name("write"), x.value);
}

struct number_state {
  static inline const char* name = "number";
  int value = 0;
};

caf::behavior number(caf::stateful_actor<number_state>* self, int value) {
  self->state.value = value;
  return {
    [=](read) { return self->state.value; },
    [=](write w) { self->state.value = w.value; },
  };
}

caf::behavior client(caf::event_based_actor* self, const caf::actor& of) {
  self->request(of, caf::infinite, read{}).then([=](int value) {
    self->send(of, write{value + 1});
    self->quit();
  });
  return {[](int) {}};
}

void two_clients(simulation& sim) {
  auto shared = sim.spawn(number, 0);
  sim.spawn(client, shared);
  sim.spawn(client, shared);
  sim.run();
  EXPECT_EQ(sim.state_of<number_state>(shared).value, 2) << "an increment was lost";
}

/// One after the other: no race.
void two_clients_in_turn(simulation& sim) {
  auto shared = sim.spawn(number, 0);
  for (int i = 0; i != 2; ++i) {
    sim.spawn(client, shared);
    sim.run();
  }
  EXPECT_EQ(sim.state_of<number_state>(shared).value, 2);
}

TEST(Explore, FindsARace) {
  const auto found = find_failure({.runs = 50}, two_clients);
  ASSERT_TRUE(found.failure);
  EXPECT_THAT(found.failure->message, AllOf(HasSubstr("an increment was lost"), HasSubstr("explore_test.cpp")));
}

TEST(Explore, FindsNothingWhereThereIsNothing) {
  const auto found = explore({.runs = 200}, two_clients_in_turn);
  EXPECT_FALSE(found.failure);
  EXPECT_EQ(found.runs, 200u);
}

TEST(Explore, ReportsTheSeedTheCommandAndTheTrace) {
  const auto text = failure_of([] { explore({.runs = 50}, two_clients); });
  EXPECT_THAT(text, AllOf(HasSubstr("--crema_seed="), HasSubstr("--gtest_filter=Explore.ReportsTheSeed"),
                          HasSubstr("write(1)"), HasSubstr("--crema_replay="), HasSubstr("out of order")));
}

TEST(Explore, EndsInTheSmallestRun) {
  // In order of waiting both clients read before one writes, so no turn has to be out of order.
  const auto found = find_failure({.runs = 50}, two_clients);
  ASSERT_TRUE(found.failure);
  EXPECT_EQ(found.failure->replay, "/");
}

/// Two actors that do not know each other, of three steps each.
void two_strangers(simulation& sim) {
  for (int i = 0; i != 2; ++i) {
    auto one = sim.spawn(bank::account, 0);
    caf::anon_send(one, bank::deposit{1});
    caf::anon_send(one, bank::deposit{2});
  }
  sim.run();
}

TEST(Explore, SeesEveryOrderOfASmallSystemOnce) {
  const auto found = explore_all(20, two_strangers);
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(found.runs, 20u) << "six steps, three of them the first actor's: 6 over 3";
  EXPECT_EQ(found.courses, 20u);
  const auto racing = find_failure_in_all(20, two_clients);
  EXPECT_FALSE(racing.complete);
  ASSERT_TRUE(racing.failure);
}

TEST(Explore, StopsAtItsDepthAndAtTheMostRuns) {
  EXPECT_EQ(explore_all(1, two_strangers).runs, 2u);
  const auto found = explore_all(20, two_strangers, 7);
  EXPECT_EQ(found.runs, 7u);
  EXPECT_FALSE(found.complete);
}

TEST(Explore, MakesDrawsSmaller) {
  // A number too large to be paid is drawn among others; only that one, and as small as can be, is left.
  const auto found = find_failure({.runs = 200}, [](simulation& sim) {
    auto account = sim.spawn(bank::account, 1000);
    auto teller = sim.probe("teller");
    const auto amounts = sim.draws().up_to(20, [&] { return sim.draws().number(0, 2000); });
    for (int amount : amounts) {
      sim.note("asks for " + std::to_string(amount));
      teller.send(account, bank::withdraw{amount});
    }
    sim.run();
    for (std::size_t i = 0; i != amounts.size(); ++i)
      teller.expect<bank::withdrawn>();
  });
  ASSERT_TRUE(found.failure);
  EXPECT_THAT(found.failure->report, AllOf(HasSubstr("asks for 1001"), HasSubstr("refused(1001)")));
  EXPECT_LE(found.failure->steps, 3u) << found.failure->report;
}

TEST(Explore, KeepsOnlyTheFaultThatMatters) {
  const auto found = find_failure({.runs = 100}, [](simulation& sim) {
    auto account = sim.spawn(bank::account, 1000);
    auto teller = sim.probe("teller");
    sim.unreliable(account, {.lose = 0.3, .duplicate = 0.3, .delay = 0.3});
    for (int i = 0; i != 20; ++i)
      teller.send(account, bank::deposit{1});
    sim.run_for(std::chrono::seconds{1});
    EXPECT_GE(sim.state_of<bank::account_state>(account).amount, 1020) << "a deposit was lost";
  });
  ASSERT_TRUE(found.failure);
  ASSERT_THAT(found.failure->faults, SizeIs(1)) << found.failure->report;
  EXPECT_THAT(found.failure->faults[0], HasSubstr("lost: deposit to account#"));
}

TEST(Explore, ReportsWhatATestThrows) {
  const auto found = find_failure({.runs = 1}, [](simulation&) { throw std::out_of_range{"far"}; });
  ASSERT_TRUE(found.failure);
  EXPECT_THAT(found.failure->message, HasSubstr("far"));
}

TEST(Explore, SaysWhereATestIsNotRepeatable) {
  std::mt19937 random{1}; // lives longer than a run
  const auto found = find_failure({.runs = 50}, [&](simulation& sim) {
    auto account = sim.spawn(bank::account, 1000);
    for (auto i = random() % 20; i != 0; --i)
      caf::anon_send(account, bank::deposit{1});
    sim.run();
    EXPECT_LT(sim.state_of<bank::account_state>(account).amount, 1010);
  });
  ASSERT_TRUE(found.failure);
  EXPECT_THAT(found.failure->report, HasSubstr("takes another course"));
}

TEST(Explore, NamesWhatLeaks) {
  const auto found = find_failure({.runs = 1}, [](simulation& sim) {
    auto account = sim.spawn(bank::account, 1);
    caf::actor_cast<caf::abstract_actor*>(account)->attach_functor([account] {});
    sim.run();
  });
  ASSERT_TRUE(found.failure);
  EXPECT_THAT(found.failure->message, AllOf(HasSubstr("live on"), HasSubstr("account#")));
}

TEST(Explore, MakesPropertiesOfPlainCodeSmaller) {
  const auto text = failure_of([] {
    explore_draws({.runs = 500}, [](choices& draw) {
      const auto numbers = draw.up_to(50, [&] { return draw.number(0, 1000); });
      EXPECT_TRUE(std::ranges::is_sorted(numbers)) << ::testing::PrintToString(numbers);
    });
  });
  EXPECT_THAT(text, HasSubstr("{ 1, 0 }"));
}

} // namespace
