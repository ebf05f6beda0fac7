#include "net/jobs/worker_circle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace crema::net {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Of three that know each other.
worker_circle three() {
  worker_circle circle;
  for (const int each : {0, 1, 2})
    circle.came(each);
  circle.met(0, 1);
  circle.met(2, 0);
  circle.met(1, 2);
  return circle;
}

} // namespace

TEST(WorkerCircle, TakesInWhoKnowsAllThatAreInIt) {
  worker_circle circle;
  EXPECT_THAT(circle.members(), IsEmpty());
  circle.met(0, 1); // said before it came itself
  EXPECT_THAT(circle.members(), IsEmpty());
  circle.came(1);
  EXPECT_THAT(circle.members(), ElementsAre(1));
  circle.came(2);
  EXPECT_THAT(circle.members(), ElementsAre(1));
  circle.came(0);
  EXPECT_THAT(circle.members(), ElementsAre(1, 0));
  circle.met(2, 1);
  EXPECT_THAT(circle.members(), ElementsAre(1, 0));
  circle.met(0, 2);
  EXPECT_THAT(circle.members(), ElementsAre(1, 0, 2));
}

TEST(WorkerCircle, GivesAFreePlaceToTheNext) {
  auto circle = three();
  circle.came(3);
  circle.met(3, 0);
  circle.met(3, 2);
  EXPECT_THAT(circle.members(), ElementsAre(0, 1, 2));
  circle.left(1); // whom it did not know
  EXPECT_THAT(circle.members(), ElementsAre(0, 3, 2));
}

TEST(WorkerCircle, PrefersWhoIsInItToWhoIsOlder) {
  worker_circle circle;
  circle.came(5);
  circle.came(1);
  EXPECT_THAT(circle.members(), ElementsAre(5));
  circle.left(5);
  EXPECT_THAT(circle.members(), ElementsAre(1));
}

TEST(WorkerCircle, LosesTheYoungerOfTwoThatPart) {
  auto circle = three();
  circle.parted(2, 1);
  EXPECT_THAT(circle.members(), ElementsAre(0, 1));
  EXPECT_FALSE(circle.knows(1, 2));
  circle.left(1);
  EXPECT_THAT(circle.members(), ElementsAre(0, 2));
}

TEST(WorkerCircle, IsAlwaysAsLargeAsItCanBeAndAllInItKnowEachOther) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    worker_circle circle;
    std::set<int> here;
    for (int step = 0; step != 80; ++step) {
      const int one = static_cast<int>(random() % 6);
      const int other = static_cast<int>((static_cast<unsigned>(one) + 1 + random() % 5) % 6);
      switch (random() % 6) {
      case 0:
        circle.left(one);
        here.erase(one);
        break;
      case 1:
        circle.parted(one, other);
        break;
      case 2:
      case 3:
        circle.came(one);
        here.insert(one);
        break;
      default:
        circle.met(one, other);
      }
      const auto members = circle.members();
      for (const int each : members) {
        ASSERT_TRUE(here.contains(each));
        for (const int peer : members)
          ASSERT_TRUE(each == peer || circle.knows(each, peer));
      }
      for (const int each : here) {
        const bool fits = std::ranges::all_of(members, [&](int peer) { return circle.knows(each, peer); });
        ASSERT_TRUE(circle.contains(each) || !fits) << each;
      }
    }
  }
}

} // namespace crema::net
