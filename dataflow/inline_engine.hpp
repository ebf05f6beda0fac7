#pragma once

#include "dataflow/engine.hpp"
#include "dataflow/error.hpp"

#include <memory>
#include <optional>

namespace crema::internal {

struct job_plan;

/// Runs `job` to its end in the caller's thread: stage after stage, partition after partition. The reference that all
/// other engines must agree with, and the fast path of tiny jobs. No thread, no message; memory as the tasks themselves
/// ask. Few records may still be much work: a stage's tasks go on with the `helper`, side by side, once the first ones
/// took long.
void run_inline(const std::shared_ptr<job_run>& job, engine& helper);

/// Runs one plan of `job`, which does not end by that; returns what went wrong. `plan` is the job's own or one that has
/// travelled.
std::optional<error> run_plan(job_run& job, const job_plan& plan, engine& helper);

/// An engine that runs every job so, but pauses it where nobody waits for its results (see engine::resume). `threads`
/// is the default number of partitions that it reports.
std::unique_ptr<engine> make_inline_engine(int threads = 1);

} // namespace crema::internal
