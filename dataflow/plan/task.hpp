#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/plan/scope.hpp"
#include "dataflow/thin/chrono.hpp"

#include <memory>

namespace crema::internal {

/// Where a task's blocks go: the engine routes `channel` to a consumer, or to the job's result.
class emitter {
public:
  virtual ~emitter() = default;
  virtual void emit(int channel, block_ptr records) = 0;
  /// Whether the task should stop producing for now: somebody downstream has no credit left.
  virtual bool blocked() const noexcept = 0;
  /// The clock by which steps are measured; in a simulation not the machine's.
  virtual std::chrono::steady_clock::time_point now() const noexcept { return std::chrono::steady_clock::now(); }
};

/// The reading end of a shuffle in one task. It takes every block at once, merging or keeping or spilling it, so that
/// no producer ever waits for another input of the same consumer.
class absorber {
public:
  /// `records` from partition `producer` of the shuffle's parent `input`; in order per producer, in any order between
  /// them.
  virtual void absorb(int input, int producer, block_ptr records) = 0;
  virtual void producer_done(int input, int producer);

  /// All producers of all inputs are done.
  virtual void inputs_done() = 0;

  /// Whether the task may produce before `inputs_done`.
  virtual bool streams() const noexcept { return false; }

protected:
  ~absorber() = default; // it is owned as an operator
};

enum class step_result {
  more,    ///< call again
  starved, ///< call again when a block has arrived
  barrier, ///< waits for all tasks of the stage: see contribution() and resolve()
  done,    ///< everything is emitted
};

/// The work of one partition of one stage, cut into short steps. What a partition actor runs.
///
/// One thread at a time; any function may throw what user code throws, and the task is then only good for destruction.
class task {
public:
  virtual ~task() = default;

  /// Works until about `until`, or until `out` is blocked.
  virtual step_result step(emitter& out, std::chrono::steady_clock::time_point until) = 0;

  /// After step() said barrier: what this task tells the others.
  virtual std::shared_ptr<const void> contribution();
  /// What all the others said, in one value (see stage::agree).
  virtual void resolve(std::shared_ptr<const void> agreed);

  /// The task is done and its results are taken: makes kept partitions visible. At most one attempt is told so.
  virtual void commit() {}

  virtual task_scope& scope() noexcept = 0;
};

} // namespace crema::internal
