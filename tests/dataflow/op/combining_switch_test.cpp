#include "dataflow/op/combining_switch.hpp"

#include <gtest/gtest.h>

namespace crema::internal {
namespace {

constexpr std::size_t large = std::size_t{32} << 20;

TEST(CombiningSwitch, DoesNotDoubtASmallTable) {
  combining_switch rows;
  rows.count(1'000'000);
  EXPECT_FALSE(rows.passing());
  EXPECT_FALSE(rows.doubts(large - 1));
  EXPECT_TRUE(rows.doubts(large));
}

TEST(CombiningSwitch, GoesOnCombiningWhereOneRowInThreeMeetsItsKey) {
  combining_switch rows;
  rows.count(3'000'000);
  EXPECT_TRUE(rows.worthwhile(2'000'000, large));
  EXPECT_FALSE(rows.doubts(2 * large - 1)) << "it has just been asked";
  EXPECT_TRUE(rows.doubts(2 * large));
  rows.emptied();
  EXPECT_FALSE(rows.passing());
  EXPECT_TRUE(rows.doubts(large)) << "a new table is doubted as the first one was";
}

TEST(CombiningSwitch, PassesRowsOnWhereFewerDoAndTriesAgainLater) {
  combining_switch rows;
  for (int round = 0; round != 2; ++round) {
    rows.count(1'000'000);
    rows.count(2'000'000);
    EXPECT_FALSE(rows.worthwhile(2'000'001, large));
    EXPECT_FALSE(rows.passing()) << "first the table must be sent";
    rows.emptied();
    EXPECT_TRUE(rows.passing());
    rows.count(16 * 3'000'000 - 1);
    EXPECT_TRUE(rows.passing());
    rows.count(1000);
    EXPECT_FALSE(rows.passing());
  }
}

TEST(CombiningSwitch, TakesATableThatWasEmptiedUnaskedForWorthwhile) {
  combining_switch rows;
  rows.count(10);
  rows.emptied();
  EXPECT_FALSE(rows.passing());
}

} // namespace
} // namespace crema::internal
