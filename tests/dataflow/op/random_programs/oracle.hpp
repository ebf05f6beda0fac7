#pragma once

#include "tests/dataflow/op/random_programs/program.hpp"

#include <functional>
#include <map>
#include <string_view>

// What each operation and action of a random program gives, by its name, in plain C++.

namespace crema::testing {

/// A dataset that would get more is not made.
inline constexpr std::size_t most_records = 3000;

/// What must be known of an operation's first dataset for its result to be known.
enum class needs { nothing, members, order, layout };

struct rule {
  int parents;
  needs what;
  std::function<model(const step&, const model& a, const model& b)> apply;
};
const std::map<std::string_view, rule>& rules();

struct action_rule {
  needs what;
  std::function<records(const step&, const model&)> apply;
};
const std::map<std::string_view, action_rule>& action_rules();

} // namespace crema::testing
