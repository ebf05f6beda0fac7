#include "actors/placement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace crema::actors {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

} // namespace

TEST(Placement, DealsPartitionsOut) {
  EXPECT_THAT(place({0, 1, 2, 3, 4}, 2, 0), ElementsAre(ElementsAre(0, 2, 4), ElementsAre(1, 3)));
  EXPECT_THAT(place({0, 1}, 3, 0), ElementsAre(ElementsAre(0), ElementsAre(1), IsEmpty()));
  EXPECT_THAT(place({}, 1, 0), ElementsAre(IsEmpty()));
}

TEST(Placement, BringsAPartitionAlwaysToTheSameHost) {
  // Of a stage that needs partitions 7, 3 and 8 only, by index.
  EXPECT_THAT(place({7, 3, 8}, 2, 0), ElementsAre(ElementsAre(2), ElementsAre(0, 1)));
}

TEST(Placement, PartsInTheNextAttemptWhatWasTogetherInTheLast) {
  constexpr std::size_t hosts = 3;
  std::vector<int> partitions(hosts * hosts);
  std::iota(partitions.begin(), partitions.end(), 0);
  for (int attempt = 0; attempt != 3; ++attempt) {
    const auto shares = place(partitions, hosts, attempt);
    for (const auto& share : shares) {
      EXPECT_EQ(share.size(), hosts);
      std::set<std::size_t> next;
      for (const int partition : share)
        next.insert(host_of(partition, hosts, attempt + 1));
      EXPECT_EQ(next.size(), hosts) << "attempt " << attempt;
    }
  }
}

TEST(Placement, CountsTheTasksThatHaveEndedInARow) {
  for (unsigned seed = 0; seed != 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    std::vector<int> partitions(random() % 20);
    for (auto& partition : partitions)
      partition = static_cast<int>(random() % 100);
    const auto shares = place(partitions, 1 + random() % 4, static_cast<int>(random() % 4));
    std::vector<bool> over(partitions.size());
    std::vector<int> ended;
    for (const auto& share : shares) {
      ended.push_back(static_cast<int>(random() % (share.size() + 1)));
      for (int i = 0; i != ended.back(); ++i)
        over[static_cast<std::size_t>(share[static_cast<std::size_t>(i)])] = true;
    }
    ASSERT_EQ(ended_prefix(shares, ended), std::ranges::find(over, false) - over.begin());
  }
}

} // namespace crema::actors
