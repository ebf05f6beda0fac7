#pragma once

#include "tests/dataflow/conformance/value.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace crema::testing {

struct expression;
using expression_ptr = std::shared_ptr<const expression>;

/// A node of a parsed case. `text` is a name or an operator, `parts` are the operands.
struct expression {
  enum class kind {
    literal,       ///< constant
    name,          ///< text
    sequence,      ///< parts: a list or a tuple
    function,      ///< (names) => parts[0]
    call,          ///< parts[0](parts[1], …)
    member,        ///< parts[0].text
    index,         ///< parts[0][parts[1]]
    unary,         ///< text parts[0]
    binary,        ///< parts[0] text parts[1]
    comprehension, ///< [parts[0] for names[0] in parts[1]]
    assignment,    ///< text = parts[0]
  };
  kind what;
  std::string text{};
  value constant{};
  std::vector<expression_ptr> parts{};
  std::vector<std::string> names{};
};

/// The statements of a case: what stands between its semicolons. Throws std::invalid_argument.
std::vector<expression_ptr> parse(std::string_view source);

/// All names in a case, members included: by them a case is known to need what crema does not have yet.
std::vector<std::string> names_in(std::string_view source);

} // namespace crema::testing
