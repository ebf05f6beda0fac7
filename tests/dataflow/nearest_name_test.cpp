#include "dataflow/nearest_name.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

using crema::internal::did_you_mean;
using crema::internal::nearest_name;

namespace {

constexpr std::array<std::string_view, 4> names{"local", "inline", "memory", "metrics"};

} // namespace

TEST(NearestName, IsAtMostTwoEditsAway) {
  EXPECT_EQ(nearest_name("local", names), "local");
  EXPECT_EQ(nearest_name("lokal", names), "local");
  EXPECT_EQ(nearest_name("locla", names), "local");
  EXPECT_EQ(nearest_name("ocal", names), "local");
  EXPECT_EQ(nearest_name("metric", names), "metrics");
  EXPECT_EQ(nearest_name("memroy", names), "memory");
  EXPECT_EQ(nearest_name("mmeroyy", names), "");
  EXPECT_EQ(nearest_name("spark", names), "");
}

TEST(NearestName, IsNoneForWhatHasLittleInCommon) {
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name("x", names), "");
  EXPECT_EQ(nearest_name("lo", names), "");
  EXPECT_EQ(nearest_name(std::string(10'000, 'l'), names), "");
}

TEST(NearestName, IsOfferedAsAQuestion) {
  EXPECT_EQ(did_you_mean("inlin", names), "; did you mean \"inline\"?");
  EXPECT_EQ(did_you_mean("yarn", names), "");
}
