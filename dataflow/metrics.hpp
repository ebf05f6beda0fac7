#pragma once

#include "dataflow/thin/chrono.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace crema {

/// What one task did. Times are wall-clock time of the thread that ran it.
struct task_metrics {
  std::uint64_t rows = 0;              ///< records that left the task
  std::uint64_t bytes = 0;             ///< bytes of the blocks that left it
  std::uint64_t blocks = 0;            ///< blocks that left it
  std::uint64_t credit_waits = 0;      ///< times it stopped because a consumer had granted no credit
  std::uint64_t spills = 0;            ///< times it wrote what memory could not hold
  std::uint64_t spilled_bytes = 0;     ///< bytes on disk by that
  std::chrono::nanoseconds busy{0};    ///< time inside steps
  std::chrono::nanoseconds waiting{0}; ///< time between its first and last step that was not busy
};

/// What one stage did: the sum over its tasks, and how uneven they were.
struct stage_metrics {
  int id = 0;
  std::string title;
  int tasks = 0;
  task_metrics total;
  std::uint64_t rows_max = 0; ///< rows of the task with the most
  /// Rows of the largest task over the mean; 1 is even, `tasks` is all in one.
  double skew() const noexcept;
};

/// What a job did, by stage.
///
///     auto job = counts.collect_async();
///     job.get();
///     fmt::print("{}\n", crema::to_json(job.metrics()));
struct job_metrics {
  std::uint64_t job = 0;
  std::string action;
  std::chrono::nanoseconds wall{0};
  bool inlined = false;          ///< it ran in the caller's thread
  std::uint64_t memory_peak = 0; ///< highest use of the budget so far in this process
  std::string failure;           ///< empty when it ended well
  int attempts = 1;              ///< more than one where workers were lost
  int recomputed_tasks = 0;      ///< that had been done, and were done again because of that
  std::vector<stage_metrics> stages;
};

/// The metrics as one JSON object; stable keys, times in seconds.
std::string to_json(const job_metrics& metrics);

} // namespace crema
