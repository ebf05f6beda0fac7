#pragma once

#include "tests/dataflow/conformance/syntax.hpp"

#include "dataflow/context.hpp"

#include <string>

namespace crema::testing {

/// Runs a case on a context; the value of its last statement. `scratch` is what TMP stands for. Throws what crema or
/// the case throws.
value run_case(const context& ctx, const std::string& ops, const std::string& scratch);

} // namespace crema::testing
