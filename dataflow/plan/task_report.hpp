#pragma once

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/error.hpp"
#include "dataflow/metrics.hpp"
#include "dataflow/plan/scope.hpp"

#include <cstdint>
#include <optional>

// What a worker says of a task that is over, as bytes. Reading throws corrupt_data for whatever else they are.

namespace crema::internal {

/// A task that is done in another process.
struct task_report {
  task_metrics metrics;
  accumulator_deltas accumulators;       ///< to be committed here, once
  std::optional<std::uint64_t> worker{}; ///< keeps what the task stored, if it did
};

void encode_report(const task_metrics& metrics, const task_scope& done, byte_writer& out);
task_report decode_report(byte_reader& in);

/// Without its cause, which is an object of the other process; its type and text say what it was.
void encode_error(const error& failure, byte_writer& out);
error decode_error(byte_reader& in);

} // namespace crema::internal
