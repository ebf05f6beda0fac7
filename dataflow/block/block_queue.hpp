#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/block/block_codec.hpp"
#include "dataflow/block/memory_budget.hpp"
#include "dataflow/block/spill.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace crema::internal {

/// What the tasks of one worker share: the memory budget and the place for what does not fit. Results that keep part of
/// it keep all of it.
struct worker_resources : std::enable_shared_from_this<worker_resources> {
  /// `withheld` bytes of the limit are not lent (see memory_budget). `threads` is how many tasks work at once.
  explicit worker_resources(std::size_t memory_limit, std::string spill_base = {}, std::size_t withheld = 0,
                            int threads = 2);

  /// What one task may hold in blocks on their way, and again in blocks that it fills: `usual`, or where the budget is
  /// small its part of an eighth.
  std::size_t buffer_bytes(std::size_t usual) const noexcept { return std::min(usual, memory.limit() / 16 / threads_); }

  memory_budget memory;
  spill_store spill;

private:
  std::size_t threads_;
};

/// Blocks in order: in memory while the budget allows, on disk else. It may be read many times once it is complete.
///
///     queue.push(block);             // never refuses; spills what the budget does not cover
///     for (std::size_t i = 0; i != queue.size(); ++i)
///       use(queue.read(i));          // from memory, or from the disk
///
/// Filled by one thread; after the last `push` any number of threads may `read`.
/// Errors: disk_full and io_failure from the disk; out_of_memory when the budget is used up and the records cannot be
/// written (no codec).
class block_queue {
public:
  /// `what` names the owner in errors: "sort_by at main.cpp:3".
  block_queue(worker_resources& resources, const block_codec* codec, std::string what, bool keep_in_memory = true);

  void push(block_ptr records);

  /// Number of blocks.
  std::size_t size() const noexcept { return entries_.size(); }
  std::uint64_t records() const noexcept { return records_; }
  /// Bytes held in memory, and bytes ever written to disk.
  std::size_t bytes() const noexcept { return reservation_.bytes(); }
  std::uint64_t spilled_bytes() const noexcept { return spilled_bytes_; }

  block_ptr read(std::size_t i) const;

  /// Takes block `i` out of the queue, which then no longer has it. Also between two pushes.
  block_ptr take(std::size_t i);

private:
  struct entry {
    block_ptr records;
    spilled_frame spilled; ///< where it is when it is not in memory
  };

  void write(entry& at);

  worker_resources* resources_;
  const block_codec* codec_;
  std::string what_;
  bool in_memory_;
  reservation reservation_;
  std::vector<entry> entries_;
  std::uint64_t spilled_bytes_ = 0;
  std::uint64_t records_ = 0;
};

} // namespace crema::internal
