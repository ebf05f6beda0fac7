#pragma once

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/plan/stage.hpp"
#include "dataflow/plan/variable.hpp"

#include <memory>
#include <vector>

// How a compiled job reaches the workers. The driver decides and workers obey: what travels is the plan as it was
// compiled, not the program that would compile to it.
//
//     driver                                           worker, a process of the same executable
//     ------                                           ----------------------------------------
//     auto sent = encode_plan(plan);                   decode_variable(…);     // those that it does not have yet
//     encode_variable(id, …); // of sent.variables     auto plan = decode_plan(…, resources, caches);
//     encode_sources(plan, stage, task, …);            decode_sources(plan, stage, …);
//                                                      plan.stages[stage].make(plan.scope, id)->step(…);
//
// Bytes may come from anywhere: whatever they are, decoding throws corrupt_data (or not_portable, for a library that is
// not loaded) and never reads beyond them. docs/wire.md draws them.

namespace crema::internal {

struct encoded_plan {
  byte_writer bytes;
  std::vector<variable_id> variables; ///< that its functions use
};

/// Throws not_portable, naming the operator, its place, the reason and the remedy, for a job that cannot leave this
/// process: a function or a record type in it cannot be written.
encoded_plan encode_plan(const job_plan& plan);

/// The plan with nodes, stages and tasks of its own, which have the numbers of the driver's. Its stored partitions are
/// in `caches` (by the number of the driver's store) or go with the job.
job_plan decode_plan(byte_reader& in, std::shared_ptr<worker_resources> resources,
                     std::shared_ptr<store_registry> caches);

/// The records that task `task` of stage `stage` reads from sources in the driver's memory; nothing for most.
void encode_sources(const job_plan& plan, int stage, int task, byte_writer& out);

/// Before the task is made.
void decode_sources(const job_plan& plan, int stage, byte_reader& in);

/// A shared variable with its value. Throws not_portable when that cannot be written; nothing is written when the
/// variable is gone.
void encode_variable(variable_id id, byte_writer& out);

/// Keeps the variable, unless this process has it already; until `destroy_variable`.
void decode_variable(byte_reader& in);

} // namespace crema::internal
