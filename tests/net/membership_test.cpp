#include "net/membership.hpp"

#include "net/growing_pause.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <random>
#include <set>

namespace crema::net {

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using event = node_change::event;

node_facts facts(const std::string& name, std::uint16_t port = 7000) {
  return {name, {name, port}, 2, 256, 1 << 30};
}

/// What happened, to whom: "joined a".
std::vector<std::string> texts(const node_changes& changes) {
  static constexpr std::array<const char*, 5> words{"joined ", "suspected ", "trusted ", "lost ", "draining "};
  std::vector<std::string> all;
  for (const auto& each : changes)
    all.push_back(words[static_cast<std::size_t>(each.what)] + each.node.facts.name);
  return all;
}

constexpr generation first_of(std::uint32_t epoch) {
  return generation{epoch} << 32 | 1;
}

} // namespace

TEST(Membership, GivesEveryLifeOfANodeANumberOfItsOwn) {
  membership nodes{7};
  const auto [first, joined] = nodes.join(facts("a"), 0);
  EXPECT_THAT(texts(joined), ElementsAre("joined a"));
  EXPECT_EQ(first, first_of(7));
  EXPECT_THAT(texts(nodes.table().lose(first, "gone")), ElementsAre("lost a"));
  const auto [second, again] = nodes.join(facts("a"), first);
  EXPECT_GT(second, first);
  EXPECT_THAT(texts(again), ElementsAre("joined a"));
  EXPECT_FALSE(nodes.table().accepts(first));
  EXPECT_TRUE(nodes.table().accepts(second));
}

TEST(Membership, EndsANodeInWhosePlaceAnotherComes) {
  membership nodes{1};
  const auto old = nodes.join(facts("a"), 0).is;
  EXPECT_THAT(texts(nodes.join(facts("a", 7001), old).changes), ElementsAre("lost a", "joined a"));
  auto same_address = facts("b");
  same_address.where = facts("a", 7001).where;
  EXPECT_THAT(texts(nodes.join(same_address, 0).changes), ElementsAre("lost a", "joined b"));
  EXPECT_FALSE(nodes.table().accepts(old));
}

TEST(Membership, ForgetsWhatIsSaidOfALostGeneration) {
  membership nodes{1};
  const auto is = nodes.join(facts("a"), 0).is;
  EXPECT_THAT(texts(nodes.table().suspect(is)), ElementsAre("suspected a"));
  EXPECT_THAT(nodes.table().suspect(is), IsEmpty());
  EXPECT_THAT(texts(nodes.table().trust(is)), ElementsAre("trusted a"));
  EXPECT_THAT(texts(nodes.table().lose(is, "gone")), ElementsAre("lost a"));
  EXPECT_THAT(nodes.table().suspect(is), IsEmpty());
  EXPECT_THAT(nodes.table().trust(is), IsEmpty());
  EXPECT_THAT(nodes.table().lose(is, "gone"), IsEmpty());
  EXPECT_THAT(nodes.table().join(is, facts("a")), IsEmpty());
  EXPECT_THAT(nodes.table().members(), IsEmpty());
}

TEST(Membership, LetsANodeBeWhatItWasWhenOnlyTheControllerIsNew) {
  membership before{1};
  const auto is = before.join(facts("a"), 0).is;
  membership after{2};
  EXPECT_EQ(after.join(facts("a"), is).is, is);
  EXPECT_EQ(after.join(facts("b"), 0).is, first_of(2));
  // But not what it is here, or was, or what a later controller would give.
  EXPECT_NE(after.join(facts("a"), is).is, is);
  EXPECT_NE(after.join(facts("c"), first_of(9)).is, first_of(9));
}

TEST(Membership, LetsNobodyBeWhatAnEarlierControllerGaveUp) {
  membership before{1};
  const auto is = before.join(facts("a"), 0).is;
  membership after{2};
  EXPECT_THAT(after.give_up({is}), IsEmpty());
  EXPECT_EQ(after.join(facts("a"), is).is, first_of(2));

  membership late{2}; // the node was there before the driver
  late.join(facts("a"), is);
  EXPECT_THAT(texts(late.give_up({is, is})), ElementsAre("lost a"));
  EXPECT_EQ(late.join(facts("a"), is).is, first_of(2));
  EXPECT_THAT(late.give_up({first_of(2), first_of(3)}), IsEmpty()) << "it knows better";
  EXPECT_TRUE(late.table().accepts(first_of(2)));
}

TEST(NodeView, FollowsTheController) {
  node_view view;
  EXPECT_THAT(texts(view.snapshot(1, {{1, facts("a")}, {2, facts("b"), true}})),
              ElementsAre("joined a", "joined b", "suspected b"));
  EXPECT_THAT(texts(view.apply({event::joined, {3, facts("c")}, {}})), ElementsAre("joined c"));
  EXPECT_THAT(texts(view.apply({event::suspected, {1, facts("a"), true}, {}})), ElementsAre("suspected a"));
  EXPECT_THAT(texts(view.apply({event::lost, {1, facts("a"), true}, "gone"})), ElementsAre("lost a"));
  EXPECT_THAT(texts(view.snapshot(1, {{3, facts("c")}})), ElementsAre("lost b"));
}

TEST(NodeView, KeepsNodesThatANewControllerDoesNotKnowYet) {
  node_view view;
  view.snapshot(1, {{1, facts("a")}, {2, facts("b")}});
  EXPECT_THAT(view.snapshot(2, {}), IsEmpty());
  EXPECT_THAT(view.apply({event::joined, {1, facts("a")}, {}}), IsEmpty()); // it is the same
  EXPECT_THAT(texts(view.apply({event::joined, {first_of(2), facts("b")}, {}})), ElementsAre("lost b", "joined b"));
}

TEST(NodeView, DoesNotTakeBackWhatItGaveUp) {
  node_view view;
  view.snapshot(1, {{1, facts("a")}});
  EXPECT_THAT(texts(view.lose(1, "its link broke")), ElementsAre("lost a"));
  EXPECT_THAT(view.snapshot(1, {{1, facts("a")}}), IsEmpty());
  EXPECT_THAT(view.apply({event::trusted, {1, facts("a")}, {}}), IsEmpty());
  EXPECT_THAT(texts(view.apply({event::joined, {2, facts("a")}, {}})), ElementsAre("joined a"));
}

TEST(NodeView, SeesANodeDrainOnceAndUntilItIsLost) {
  node_view view;
  EXPECT_THAT(texts(view.snapshot(1, {{1, facts("a"), false, true}, {2, facts("b")}})),
              ElementsAre("joined a", "draining a", "joined b"));
  EXPECT_THAT(texts(view.drain(2)), ElementsAre("draining b"));
  EXPECT_THAT(view.apply({event::draining, {2, facts("b"), false, true}, {}}), IsEmpty());
  EXPECT_THAT(view.apply({event::trusted, {2, facts("b")}, {}}), IsEmpty());
  EXPECT_TRUE(view.table().members()[1].draining);
  EXPECT_THAT(view.drain(3), IsEmpty());
  EXPECT_THAT(texts(view.apply({event::lost, {2, facts("b"), false, true}, "it has left"})), ElementsAre("lost b"));
}

TEST(NodeView, KnowsWhatControllersHaveGivenUp) {
  node_view view;
  view.snapshot(1, {{1, facts("a")}, {2, facts("b")}, {3, facts("c")}, {4, facts("d")}});
  view.apply({event::lost, {1, facts("a")}, "gone"});
  view.snapshot(1, {{3, facts("c")}, {4, facts("d")}});
  EXPECT_THAT(view.given_up(), ElementsAre(1, 2));
  view.lose(3, "its link broke"); // the driver's own affair
  view.apply({event::joined, {5, facts("d")}, {}});
  EXPECT_THAT(view.given_up(), ElementsAre(1, 2, 4));
}

namespace {

/// Checks that what is said of each generation makes sense: joined, then in doubt or not, perhaps draining, then lost,
/// for ever.
class historian {
public:
  void write(const node_changes& changes) {
    for (const auto& each : changes) {
      auto& last = lives_[each.node.is];
      switch (each.what) {
      case event::joined:
        ASSERT_FALSE(last) << "joined again";
        break;
      case event::suspected:
        ASSERT_TRUE(last == event::joined || last == event::trusted);
        break;
      case event::trusted:
        ASSERT_EQ(last, event::suspected);
        break;
      case event::lost:
        ASSERT_TRUE(last && last != event::lost);
        break;
      case event::draining:
        ASSERT_TRUE(last && last != event::lost);
        ASSERT_TRUE(draining_.insert(each.node.is).second) << "draining again";
        continue;
      }
      last = each.what;
    }
  }

  std::size_t living() const {
    std::size_t n = 0;
    for (const auto& [is, last] : lives_)
      n += last != event::lost ? 1 : 0;
    return n;
  }

private:
  std::map<generation, std::optional<event>> lives_;
  std::set<generation> draining_;
};

void check(const node_table& table, const historian& history) {
  std::set<std::string> names;
  std::set<std::string> places;
  for (const auto& each : table.members()) {
    ASSERT_TRUE(names.insert(each.facts.name).second);
    ASSERT_TRUE(places.insert(to_string(each.facts.where)).second);
    ASSERT_FALSE(table.is_lost(each.is));
  }
  ASSERT_EQ(table.members().size(), history.living());
}

} // namespace

// Nodes come and go under five names and four ports, controllers die and come back, the driver loses its connection and
// gives nodes up by itself; everything is said late, twice, or of nodes that are gone.
TEST(Membership, NeverContradictsItselfAndTheDriverAgreesInTheEnd) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    std::uint32_t epoch = 1;
    std::optional<membership> nodes{epoch};
    node_view view;
    historian of_controller, of_driver;
    std::vector<generation> ever{0};
    std::vector<std::pair<generation, node_facts>> lives;
    std::set<generation> draining;
    bool connected = false;
    const auto tell = [&](const node_changes& changes) {
      of_controller.write(changes);
      for (const auto& each : changes)
        for (auto times = connected ? 1 + random() % 2 : 0; times > 0; --times)
          of_driver.write(view.apply(each));
    };
    const auto connect = [&] {
      connected = true;
      of_driver.write(view.snapshot(epoch, nodes->table().members()));
    };
    for (int step = 0; step != 200; ++step) {
      const auto any = ever[random() % ever.size()];
      switch (random() % 13) {
      case 0:
        connected = false;
        break;
      case 1:
        connect();
        break;
      case 2:
        if (random() % 5 == 0) {
          nodes.emplace(++epoch);
          of_controller = {};
          connected = false;
        }
        break;
      case 3:
        of_driver.write(view.lose(any, "its link broke"));
        break;
      case 4:
      case 5:
        tell(nodes->table().lose(any, "gone"));
        break;
      case 6:
        tell(nodes->table().suspect(any));
        break;
      case 7:
        tell(nodes->table().trust(any));
        break;
      case 8:
        draining.insert(any);
        tell(nodes->table().drain(any));
        break;
      default: {
        auto who = facts(std::string(1, static_cast<char>('a' + random() % 5)));
        who.where = {"host", static_cast<std::uint16_t>(7000 + random() % 4)};
        generation claimed = 0;
        if (!lives.empty() && random() % 2 == 0) // somebody comes again who has been here
          std::tie(claimed, who) = lives[random() % lives.size()];
        auto [is, changes] = nodes->join(who, claimed);
        ASSERT_TRUE(nodes->table().accepts(is));
        tell(changes);
        if (draining.contains(is)) // a node that drains says so to each controller
          tell(nodes->table().drain(is));
        ever.push_back(is);
        lives.emplace_back(is, who);
      }
      }
      check(nodes->table(), of_controller);
      check(view.table(), of_driver);
    }
    connect();
    for (const auto& each : nodes->table().members())
      if (!view.table().is_lost(each.is)) {
        ASSERT_THAT(view.table().members(), testing::Contains(each));
      }
    for (const auto& each : view.table().members())
      if (!nodes->table().accepts(each.is)) {
        ASSERT_LT(each.is >> 32, epoch) << "this controller has given it up";
      }
  }
}

namespace {

/// All orders in which two lives of a name can be heard of, each event once or again, to a certain depth.
class two_lives {
public:
  static constexpr int events = 10;

  static node_changes apply(node_table& table, int what) {
    const auto is = static_cast<generation>(1 + what % 2);
    switch (what / 2) {
    case 0:
      return table.join(is, facts("a"));
    case 1:
      return table.suspect(is);
    case 2:
      return table.trust(is);
    case 3:
      return table.drain(is);
    default:
      return table.lose(is, "gone");
    }
  }

  void explore(const node_table& from, const historian& before, int depth) {
    for (int what = 0; what != events; ++what) {
      auto table = from;
      auto history = before;
      history.write(apply(table, what));
      check(table, history);
      ASSERT_THAT(apply(table, what), IsEmpty()) << "event " << what << " counts twice";
      for (generation is = 1; is <= 2; ++is)
        ASSERT_FALSE(from.is_lost(is) && !table.is_lost(is)) << is << " is back";
      ++explored;
      if (depth > 1)
        explore(table, history, depth - 1);
    }
  }

  int explored = 0;
};

} // namespace

TEST(NodeTable, LetsOneLifeOfANameCountInWhateverOrderThingsAreHeard) {
  two_lives all;
  all.explore({}, {}, 4);
  EXPECT_EQ(all.explored, 10 + 100 + 1000 + 10000);
}

TEST(GrowingPause, GrowsAndIsNeverTheSameForAll) {
  growing_pause pause{100ms, 1000ms};
  EXPECT_EQ(pause.next(0), 100ms);
  EXPECT_EQ(pause.next(0), 200ms);
  EXPECT_EQ(pause.next(0), 400ms);
  EXPECT_EQ(pause.next(0), 800ms);
  EXPECT_EQ(pause.next(0), 1000ms);
  for (std::uint32_t random = 0; random != 5000; ++random) {
    const auto next = pause.next(random);
    EXPECT_GE(next, 500ms);
    EXPECT_LE(next, 1000ms);
  }
  EXPECT_EQ(pause.next(500), 500ms);
  pause.reset();
  EXPECT_EQ(pause.next(0), 100ms);
}

} // namespace crema::net
