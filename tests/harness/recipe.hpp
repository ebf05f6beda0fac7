#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace crema::testing {

/// Everything that chance decided in one run: who makes it again from this gets the same run.
struct recipe {
  std::vector<std::uint64_t> draws; ///< of the test; after them all are 0
  std::vector<std::uint64_t> picks; ///< of the schedule; after them all is in order of waiting

  bool operator==(const recipe&) const = default;
};

/// "0.0.3/0*5.1": for command lines; "/" are no draws and no picks.
std::string to_text(const recipe& of);
/// Throws std::invalid_argument.
recipe parse_recipe(const std::string& text);

/// Fewer and smaller decisions that fail as well: none of them can be left out, or made smaller, on its own.
///
/// `attempt` makes a run from a recipe and returns what was used of it, or nothing if the run does not fail. Called at
/// most `most` times.
recipe shrink(recipe failing, const std::function<std::optional<recipe>(const recipe&)>& attempt, std::uint64_t most);

} // namespace crema::testing
