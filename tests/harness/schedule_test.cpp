#include "tests/harness/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

namespace {

using namespace crema::testing;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Lt;

std::vector<std::size_t> picks(schedule& of, int n, std::vector<caf::actor_id> ready = {11, 12, 13, 14}) {
  std::vector<std::size_t> all;
  for (int i = 0; i != n; ++i)
    all.push_back(of.pick(ready));
  return all;
}

TEST(Schedule, InOrderTakesTheLongestWaiting) {
  EXPECT_THAT(picks(*fifo(), 10), Each(0));
}

TEST(Schedule, ByChanceIsRepeatedByItsSeed) {
  const auto once = picks(*random_order(5), 100);
  EXPECT_EQ(picks(*random_order(5), 100), once);
  EXPECT_NE(picks(*random_order(6), 100), once);
  EXPECT_EQ(std::set(once.begin(), once.end()).size(), 4u);
  EXPECT_THAT(once, Each(Lt(4u)));
}

TEST(Schedule, ByPriorityStaysWithOneUntilItChangesItsMind) {
  for (unsigned seed = 1; seed != 100; ++seed) {
    const auto order = priority_changes(seed, 3, 50);
    const auto all = picks(*order, 100);
    int changes = 0;
    for (std::size_t i = 1; i != all.size(); ++i)
      changes += all[i] != all[i - 1] ? 1 : 0;
    EXPECT_LE(changes, 3) << "seed " << seed;
    EXPECT_EQ(picks(*priority_changes(seed, 3, 50), 100), all);
  }
}

TEST(Schedule, ByPriorityLetsOthersRunWhenTheFirstCannot) {
  const auto order = priority_changes(1, 0, 10);
  const auto first = order->pick(std::vector<caf::actor_id>{1, 2, 3});
  std::vector<caf::actor_id> others{1, 2, 3};
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(first));
  order->pick(others);
  EXPECT_EQ(order->pick(std::vector<caf::actor_id>{1, 2, 3}), first);
}

TEST(Schedule, OfAnyKindDiffersBySeed) {
  std::set<std::vector<std::size_t>> different;
  for (unsigned seed = 0; seed != 100; ++seed)
    different.insert(picks(*any_order(seed), 50));
  EXPECT_GT(different.size(), 60u);
}

TEST(Schedule, IsReplayedFromItsPicksAndThenInOrder) {
  EXPECT_THAT(picks(*replayed({2, 0, 9}), 5), ElementsAre(2, 0, 3, 0, 0));
}

} // namespace
