#include "tests/harness/choices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace {

using crema::testing::choices;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;

std::vector<std::uint64_t> draw(choices& from, int n) {
  std::vector<std::uint64_t> all;
  for (int i = 0; i != n; ++i)
    all.push_back(from.below(100));
  return all;
}

TEST(Choices, OfASeedAreAlwaysTheSame) {
  choices a{7}, b{7}, c{8};
  const auto drawn = draw(a, 20);
  EXPECT_EQ(drawn, draw(b, 20));
  EXPECT_NE(drawn, draw(c, 20));
  EXPECT_THAT(drawn, ElementsAre(87, 4, 46, 3, 74, 5, 98, 82, 85, 25, 83, 16, 90, 44, 90, 80, 27, 91, 97, 0))
    << "on every machine";
}

TEST(Choices, CanBeMadeAgainFromWhatWasDrawn) {
  choices a{7};
  const auto drawn = draw(a, 20);
  choices again{a.drawn()};
  EXPECT_EQ(draw(again, 20), drawn);
  EXPECT_THAT(draw(again, 3), Each(0));
}

TEST(Choices, ThatDoNotFitAreTheLargestThatDo) {
  choices given{std::vector<std::uint64_t>{9, 3}};
  EXPECT_EQ(given.below(5), 4u);
  EXPECT_EQ(given.below(5), 3u);
  EXPECT_THAT(given.drawn(), ElementsAre(4, 3));
}

TEST(Choices, AreSimplestWhereAllIsZero) {
  choices zeros{std::vector<std::uint64_t>{}};
  EXPECT_EQ(zeros.number(-5, 5), 0);
  EXPECT_EQ(zeros.number(3, 5), 3);
  EXPECT_EQ(zeros.number(std::numeric_limits<std::int64_t>::min(), std::int64_t{-7}),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(zeros.one_in(2));
  EXPECT_FALSE(zeros.chance_of(0.9999));
  EXPECT_EQ(zeros.one_of(std::vector{"a", "b"}), std::string{"a"});
  EXPECT_THAT(zeros.up_to(10, [&] { return zeros.below(3); }), IsEmpty());
}

TEST(Choices, CoverTheirRange) {
  choices some{3};
  std::vector<int> numbers;
  std::vector<std::size_t> sizes;
  int hits = 0;
  for (int i = 0; i != 2000; ++i) {
    numbers.push_back(some.number(-3, 4));
    sizes.push_back(some.up_to(5, [] { return 0; }).size());
    hits += some.chance_of(0.25) ? 1 : 0;
  }
  EXPECT_THAT(numbers, Each(AllOf(Ge(-3), Le(4))));
  for (int n = -3; n != 5; ++n)
    EXPECT_GT(std::ranges::count(numbers, n), 100) << n;
  for (std::size_t n = 0; n != 6; ++n)
    EXPECT_GT(std::ranges::count(sizes, n), 100) << n;
  EXPECT_NEAR(hits, 500, 100);
}

TEST(Choices, TakeTheWidestRanges) {
  choices some{3};
  for (int i = 0; i != 100; ++i) {
    some.number(std::numeric_limits<std::uint64_t>::min(), std::numeric_limits<std::uint64_t>::max());
    some.number(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(some.number(5, 5), 5);
  }
}

} // namespace
