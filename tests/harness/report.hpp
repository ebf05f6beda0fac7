#pragma once

#include "tests/harness/explore.hpp"
#include "tests/harness/recipe.hpp"
#include "tests/harness/trace.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace crema::testing::detail {

/// What one run of a test came to.
struct outcome {
  recipe used{};                       ///< what chance decided
  std::vector<std::uint64_t> widths{}; ///< of the schedule's choices: how many actors were ready
  std::uint64_t steps = 0;
  crema::testing::trace trace{};
  std::vector<::testing::TestPartResult> failures{};
};

/// `first` is the run of the seed, `smallest` what is left of it. Both have their words.
found_failure report_of(std::uint64_t seed, const outcome& first, const outcome& smallest);

/// The same run was made twice and differs: the test depends on something else.
found_failure report_of_chance(std::uint64_t seed, const outcome& first, const outcome& second);

} // namespace crema::testing::detail
