#pragma once

#include "dataflow/engine.hpp"

#include <memory>

namespace crema::internal {

/// Runs `job` to its end in the caller's thread: stage after stage, partition after partition. The reference that all
/// other engines must agree with, and the fast path of tiny jobs. No thread, no message; memory as the tasks themselves
/// ask.
void run_inline(const std::shared_ptr<job_run>& job);

/// An engine that runs every job so. `threads` is the default number of partitions that it reports.
std::unique_ptr<engine> make_inline_engine(int threads = 1);

} // namespace crema::internal
