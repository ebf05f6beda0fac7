#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/error.hpp"
#include "dataflow/plan/stage.hpp"

#include <memory>
#include <optional>

namespace crema::internal {

/// Kept by whoever holds a result block: its end gives the producing task its credit back.
using credit_token = std::shared_ptr<void>;

/// Where a job's result blocks go. Called by one thread at a time.
class result_handler {
public:
  virtual ~result_handler() = default;

  /// A block of task `task` of the last stage: in order within a task, in any order between tasks.
  virtual void accept(int task, block_ptr records, credit_token credit) = 0;

  /// Whether somebody waits for a block. An engine that works in its caller's thread pauses where nobody does.
  virtual bool wanting() const;

  /// All blocks of `task` have been accepted.
  virtual void task_done(int task);

  /// All blocks of `task` will come once more, because a worker was lost: what has come is to be forgotten. False where
  /// somebody has seen some of it.
  virtual bool discard(int task);

  /// The plan has ended well. A plan given here is run next, as a part of the same job: for actions that do not know
  /// beforehand how many partitions they need.
  virtual std::optional<job_plan> next_plan();

  /// The job has ended, well or not: nothing more will come.
  virtual void job_done(const std::optional<error>& failure);
};

} // namespace crema::internal
