#pragma once

#include "dataflow/job_handle.hpp"
#include "dataflow/job_run.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

namespace crema::internal {

/// Result blocks on their way to a reading thread, in partition order. It holds the credit of each until it is read, so
/// that what waits here is bounded by the windows of the tasks that run, or by a block where the reader runs them.
class local_queue final : public result_handler {
public:
  explicit local_queue(std::size_t tasks) : parts_(tasks) {}

  void accept(int task, block_ptr records, credit_token credit) override;
  bool wanting() const override;
  void task_done(int task) override;
  void job_done(const std::optional<error>& failure) override;

  /// The next block; null at the end. Waits for it; throws the failure of the job behind `run`.
  block_ptr pop(job_handle& run);

private:
  struct waiting {
    block_ptr records;
    credit_token credit;
  };
  struct part {
    std::deque<waiting> blocks;
    bool done = false;
  };

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<part> parts_;
  std::size_t turn_ = 0;
  std::size_t waiting_ = 0; ///< blocks, of all tasks
  bool ended_ = false;
};

} // namespace crema::internal
