#include "dataflow/plan/result_places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace crema::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ResultPlaces, AreComputedInTheNextAttemptWhereTheyAreMissing) {
  result_places places{{7, 3, 9}};
  EXPECT_EQ(places.of(1), 1);
  places.keep(1);
  EXPECT_THAT(places.missing(), ElementsAre(0, 2));
  EXPECT_THAT(places.compute_missing(), ElementsAre(7, 9));
  EXPECT_EQ(places.of(0), 0);
  EXPECT_EQ(places.of(1), 2);
}

TEST(ResultPlaces, AreKnownAlreadyWhereAllIsComputedOnceMore) {
  result_places places{{7, 3}};
  places.keep(0);
  EXPECT_THAT(places.compute_all(), ElementsAre(7, 3));
  EXPECT_EQ(places.of(0), -1);
  EXPECT_EQ(places.of(1), 1);
  places.drop_all();
  EXPECT_EQ(places.of(0), 0);
}

TEST(ResultPlaces, AreEachKeptOnceInAnyNumberOfAttempts) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    std::vector<int> partitions(random() % 12);
    for (auto& partition : partitions)
      partition = static_cast<int>(random() % 100);
    result_places places{partitions};
    std::vector<int> kept(partitions.size());
    auto todo = partitions;
    while (!places.missing().empty()) {
      for (int task = 0; task != static_cast<int>(todo.size()); ++task)
        if (const int place = places.of(task); random() % 2 == 0) {
          ASSERT_EQ(todo[static_cast<std::size_t>(task)], partitions[static_cast<std::size_t>(place)]);
          ++kept[static_cast<std::size_t>(place)];
          places.keep(task);
        }
      todo = places.compute_missing();
    }
    EXPECT_THAT(todo, IsEmpty());
    for (const int times : kept)
      EXPECT_EQ(times, 1);
  }
}

} // namespace
} // namespace crema::internal
