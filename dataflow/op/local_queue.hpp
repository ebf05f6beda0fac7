#pragma once

#include "dataflow/job_handle.hpp"
#include "dataflow/result_handler.hpp"

#include <memory>

namespace crema::internal {

/// Result blocks on their way to a reading thread, in partition order. It holds the credit of each until it is read, so
/// that what waits here is bounded by the windows of the tasks that run, or by a block where the reader runs them.
class local_queue : public result_handler {
public:
  static std::shared_ptr<local_queue> open(int tasks);

  /// The next block; null at the end. Waits for it; throws the failure of the job behind `run`.
  virtual block_ptr pop(job_handle& run) = 0;
};

} // namespace crema::internal
