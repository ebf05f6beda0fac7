#include "tests/harness/recipe.hpp"

#include "tests/harness/choices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

namespace {

using crema::testing::choices;
using crema::testing::parse_recipe;
using crema::testing::recipe;
using crema::testing::shrink;
using ::testing::UnorderedElementsAre;

TEST(Recipe, IsReadAsItWasWritten) {
  for (const auto& one : {recipe{}, recipe{{3}, {}}, recipe{{}, {0, 0, 0, 7}}, recipe{{1, 1, 2, 1, 1, 1}, {5, 5}}})
    EXPECT_EQ(parse_recipe(to_text(one)), one) << to_text(one);
  EXPECT_EQ(to_text(recipe{{0, 0, 3}, {0, 0, 0, 0, 1}}), "0*2.3/0*4.1");
}

TEST(Recipe, IsRefusedWhereItIsNone) {
  for (const char* text : {"", "1.2", "a/b", "1*x/", "1*9999999999/", "-1/", "1..2/"})
    EXPECT_THROW(parse_recipe(text), std::invalid_argument) << text;
}

/// Draws a list of numbers with this many draws around each, and fails where two of them add up to 100 or more.
std::optional<recipe> sums_to_100(const recipe& from) {
  choices draw{from.draws};
  const auto numbers = draw.up_to(50, [&] {
    draw.below(10);
    const auto n = draw.below(1000);
    draw.below(10);
    return n;
  });
  auto drawn = draw.drawn();
  while (!drawn.empty() && drawn.back() == 0)
    drawn.pop_back();
  for (std::size_t i = 0; i != numbers.size(); ++i)
    for (std::size_t j = 0; j != i; ++j)
      if (numbers[i] + numbers[j] >= 100)
        return recipe{std::move(drawn), {}};
  return {};
}

TEST(Shrink, LeavesOutWhatIsNotNeeded) {
  int found = 0;
  for (unsigned seed = 1; seed != 50; ++seed) {
    choices draw{seed};
    for (int i = 0; i != 200; ++i)
      draw.below(1000);
    const auto failing = sums_to_100({draw.drawn(), {}});
    if (!failing)
      continue;
    ++found;
    auto draws = shrink(*failing, sums_to_100, 2000).draws;
    ASSERT_LE(draws.size(), 7u) << "seed " << seed << ": two numbers, each behind \"one more\" and a 0";
    std::erase(draws, 0u);
    ASSERT_THAT(draws, UnorderedElementsAre(1, 1, 100)) << "seed " << seed << ": 0 and 100 are the simplest";
  }
  EXPECT_GT(found, 20);
}

TEST(Shrink, LeavesTheTurnsInOrderThatMayBe) {
  std::vector<std::uint64_t> picks(300, 3);
  const auto fails = [](const recipe& r) -> std::optional<recipe> {
    if (r.picks.size() < 140 || r.picks[70] < 2 || r.picks[139] == 0)
      return {};
    return r;
  };
  const auto smallest = shrink({{}, picks}, fails, 2000);
  std::vector<std::uint64_t> expected(140, 0);
  expected[70] = 2;
  expected[139] = 1;
  EXPECT_EQ(smallest.picks, expected);
}

TEST(Shrink, EndsWithinItsBudget) {
  int attempts = 0;
  const auto fails = [&](const recipe& r) -> std::optional<recipe> {
    ++attempts;
    return r.draws.size() > 5 ? std::optional{r} : std::nullopt;
  };
  shrink({std::vector<std::uint64_t>(10'000, 1'000'000), {}}, fails, 100);
  EXPECT_LE(attempts, 100);
}

} // namespace
