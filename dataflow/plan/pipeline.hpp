#pragma once

#include "dataflow/block/block.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace crema::internal {

class job_scope;
class node;
class task_scope;

/// One erased step of a task: a root makes blocks, any other turns each block of its parent's records into some of its
/// own.
class block_operator {
public:
  virtual ~block_operator() = default;

  /// Narrow: the next block of its parent's, when all that the last one became has been taken.
  virtual void feed(block_ptr records);

  /// The next block, of about `n` records of its source where it has a choice. Sets `out` to a block or to null
  /// (nothing yet, or nothing left); false when nothing will come any more, or nothing of what it was fed.
  virtual bool next(block_ptr& out, std::size_t n) = 0;
};

/// The erased operators of one partition, from a root down to a node: a list and not a recursion, so that ten thousand
/// of them need no deep stack.
class pipeline {
public:
  explicit pipeline(std::vector<std::unique_ptr<block_operator>> root_first)
      : operators_{std::move(root_first)}, unfinished_{0} {}

  /// Same contract as block_operator::next.
  bool next(block_ptr& out, std::size_t n);

private:
  std::vector<std::unique_ptr<block_operator>> operators_;
  std::vector<std::size_t> unfinished_; // those of which more will come, ascending: the last one goes on
};

/// Opens what is needed to read partition `p` of `top` in `task`: from the store where the job stores `top`, else
/// computed.
std::unique_ptr<pipeline> open_pipeline(const node& top, task_scope& task, int p);

/// The same, but always computed: for the task that fills the store of `top`.
std::unique_ptr<pipeline> open_computation(const node& top, task_scope& task, int p);

const job_scope& job_of(const task_scope& task) noexcept;

} // namespace crema::internal
