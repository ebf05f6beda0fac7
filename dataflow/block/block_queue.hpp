#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/block/block_codec.hpp"
#include "dataflow/block/memory_budget.hpp"
#include "dataflow/block/spill.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace crema::internal {

/// What the tasks of one worker share: the memory budget and the directory for what does not fit. Results that keep
/// part of it keep all of it.
struct worker_resources : std::enable_shared_from_this<worker_resources> {
  /// `withheld` bytes of the limit are for the page buffers that the process keeps.
  explicit worker_resources(std::size_t memory_limit, std::string spill_base = {}, std::size_t withheld = 0);

  memory_budget memory;
  std::shared_ptr<spill_directory> spill;
};

/// Blocks in order: in memory while the budget allows, on disk else. It may be read many times once it is complete.
///
///     queue.push(block);             // never refuses; spills what the budget does not cover
///     queue.finish();
///     for (std::size_t i = 0; i != queue.size(); ++i)
///       use(queue.read(i));          // from memory, or decoded from the file
///
/// Filled by one thread; after `finish` any number of threads may `read`, each through its own `reader`.
/// Errors: disk_full and io_failure from the spill file; out_of_memory when the budget is used up and the records
/// cannot be written (no codec).
class block_queue {
public:
  /// `what` names the owner in errors: "sort_by at main.cpp:3".
  block_queue(worker_resources& resources, const block_codec* codec, std::string what, bool keep_in_memory = true);

  void push(block_ptr records);
  void finish();

  /// Number of blocks.
  std::size_t size() const noexcept { return entries_.size(); }
  std::uint64_t records() const noexcept { return records_; }
  /// Bytes held in memory, and bytes written to disk.
  std::size_t bytes() const noexcept { return reservation_.bytes(); }
  std::uint64_t spilled_bytes() const noexcept { return spilled_ + (file_ ? file_->bytes() : 0); }

  /// Writes all that is in memory to disk and gives its memory back.
  void spill();

  /// Takes block `i` out of the queue, which then no longer has it. Also before `finish`: for a queue that is read
  /// while it is filled.
  block_ptr take(std::size_t i);

  class reader {
  public:
    explicit reader(const block_queue& queue) : queue_{&queue} {}
    block_ptr read(std::size_t i);

  private:
    const block_queue* queue_;
    std::shared_ptr<const spill_file> file_;
    std::unique_ptr<spill_file::reader> open_;
    std::vector<std::byte> frame_;
  };

private:
  struct entry {
    block_ptr records;
    std::shared_ptr<const spill_file> file; ///< where it is when it is not in memory
    std::uint64_t offset = 0;
  };

  void write(entry& at);
  void close_file();

  worker_resources* resources_;
  const block_codec* codec_;
  std::string what_;
  bool in_memory_;
  reservation reservation_;
  std::vector<entry> entries_;
  std::shared_ptr<spill_file> file_; ///< the one that is being written
  std::uint64_t spilled_ = 0;        ///< bytes of those that are finished
  std::unique_ptr<reader> own_reader_;
  std::uint64_t records_ = 0;
};

} // namespace crema::internal
