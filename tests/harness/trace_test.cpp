#include "tests/harness/trace.hpp"

#include "tests/harness/bank.hpp"
#include "tests/harness/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <set>
#include <string>

namespace {

using namespace bank;
using namespace crema::testing;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// Two tellers and an account, in an order by chance.
trace bank_trace(std::uint64_t seed, bool with_text = true) {
  simulation sim{{.order = random_order(seed), .trace_text = with_text}};
  auto account = sim.spawn(bank::account, 100);
  auto a = sim.probe("anna"), b = sim.probe("bert");
  for (int i = 0; i != 10; ++i) {
    a.send(account, withdraw{i});
    b.send(account, deposit{i});
  }
  sim.run();
  return sim.trace();
}

TEST(Trace, OfTheSameSeedIsTheSame) {
  std::set<std::uint64_t> courses;
  for (unsigned seed = 0; seed != 20; ++seed) {
    const auto once = bank_trace(seed);
    const auto again = bank_trace(seed);
    EXPECT_EQ(once.hash(), again.hash()) << "seed " << seed;
    EXPECT_EQ(once.to_text(1000), again.to_text(1000)) << "seed " << seed;
    EXPECT_EQ(once.hash(), bank_trace(seed, false).hash()) << "its words do not count";
    courses.insert(once.hash());
  }
  EXPECT_GT(courses.size(), 10u) << "of other seeds it differs";
}

TEST(Trace, SaysWhoGotWhatOfWhom) {
  const auto text = bank_trace(1).to_text(1000);
  EXPECT_THAT(text, HasSubstr("account#"));
  EXPECT_THAT(text, HasSubstr("spawned by the test"));
  EXPECT_THAT(text, ::testing::ContainsRegex("anna#[0-9]+ -> account#[0-9]+  withdraw\\(3\\)"));
  EXPECT_THAT(text, ::testing::ContainsRegex("account#[0-9]+ -> anna#[0-9]+  withdrawn\\(3\\)"));
}

TEST(Trace, KeepsTheLastEvents) {
  trace kept{3};
  for (int i = 0; i != 10; ++i)
    kept.add({.what = "event " + std::to_string(i), .step = static_cast<std::uint64_t>(i)});
  EXPECT_EQ(kept.size(), 10u);
  EXPECT_EQ(kept.to_text(), "  7  0ns  event 7\n  8  0ns  event 8\n  9  0ns  event 9\n");
  EXPECT_EQ(kept.to_text(1), "  9  0ns  event 9\n");
}

TEST(Trace, BecomesASequenceDiagram) {
  trace small;
  small.name(4, "anna");
  small.name(5, "account");
  small.add({trace_event::kind::spawned, 4, 5});
  small.add({trace_event::kind::received, 4, 5, "withdraw(1); \"now\""});
  small.add({trace_event::kind::ended, 0, 5, "normal"});
  EXPECT_EQ(small.to_mermaid(), "sequenceDiagram\n"
                                "  participant a5 as account 5\n"
                                "  participant a4 as anna 4\n"
                                "  Note over a5: spawned \n"
                                "  a4->>a5: withdraw(1)   now \n"
                                "  Note over a5: ended normal\n");
}

TEST(Trace, BecomesJson) {
  const auto all = nlohmann::json::parse(bank_trace(1).to_json());
  ASSERT_GE(all.size(), 30u);
  EXPECT_EQ(all[0].at("event"), "spawned");
  for (const auto& event : all)
    EXPECT_TRUE(event.contains("step") && event.contains("at_ns"));
  trace hostile;
  hostile.add({.what = "quote \" and \xFF and \n"});
  EXPECT_THAT(nlohmann::json::parse(hostile.to_json()), SizeIs(1));
}

} // namespace
