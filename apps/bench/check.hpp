#pragma once

#include "apps/bench/harness.hpp"

namespace crema::bench {

/// Runs every program there is (of `options.only`) on 1, 2 and 3 threads at scale 0.01, or a smaller one if the
/// options say so, and prints where its outcome differs from the naive program's. False if any does.
bool check_all(const harness_options& options);

/// Whether two outcomes say the same; times and memory aside.
bool agree(const outcome& left, const outcome& right);

/// The digest and the first values of an outcome, for messages.
std::string described(const outcome& result);

} // namespace crema::bench
