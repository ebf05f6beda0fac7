#pragma once

#include "tests/dataflow/op/random_programs/program.hpp"

#include "dataflow/context.hpp"

#include <vector>

namespace crema::testing {

using dataset = rdd<record>;

/// The dataset that a step makes of earlier ones.
dataset make_dataset(const context& ctx, const step& s, const std::vector<dataset>& made);

/// What an action gives, flattened into records like `expected`.
records run_action(const context& ctx, const dataset& data, const model& m, const step& s);

} // namespace crema::testing
