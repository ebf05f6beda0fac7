#pragma once

#include "apps/bench/limit/huge_array.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace crema::bench::limit {

/// Rows scattered by one thread into partitions whose sizes are not known in advance.
///
///     partitioned<row> out{rows, 256};
///     out.push(partition, row);             // for each row
///     out.finish();
///     out.for_each_chunk(3, [](std::span<const row> chunk) { … });
///     out.clear();                          // keeps the memory
///
/// A partition is a list of chunks of 8 KiB. Plain stores to 256 chunks at once were faster than collecting cache
/// lines and streaming them (2.7 against 6 ns a row): the open lines fill half of a first-level cache, and huge pages
/// spare the address translation.
template <class Row>
class partitioned {
public:
  /// Room for `rows` rows however they are spread over `partitions`.
  partitioned(std::size_t rows, std::size_t partitions)
      : memory_{(rows / chunk_rows + 2 * partitions + 1) * chunk_rows}, next_(partitions), lists_(partitions) {
    clear();
  }

  void push(std::size_t partition, const Row& row) {
    auto& next = next_[partition];
    *next++ = row;
    if (reinterpret_cast<std::uintptr_t>(next) % chunk_bytes == 0) [[unlikely]]
      open_chunk(partition);
  }

  /// Ends the pushing: now other threads may read once they have synchronised with this one.
  void finish() {
    for (std::size_t p = 0; p < next_.size(); ++p)
      close_chunk(p);
  }

  template <class Visit>
  void for_each_chunk(std::size_t partition, Visit&& visit) const {
    for (const auto chunk : lists_[partition])
      visit(chunk);
  }

  std::size_t rows(std::size_t partition) const {
    std::size_t sum = 0;
    for (const auto chunk : lists_[partition])
      sum += chunk.size();
    return sum;
  }

  void clear() {
    used_ = 0;
    for (std::size_t p = 0; p < next_.size(); ++p) {
      lists_[p].clear();
      open_chunk(p);
      // Partitions grow in step: without this all open lines would compete for the same few sets of the cache.
      const auto offset = p * 64 % chunk_bytes / sizeof(Row);
      lists_[p].back() = lists_[p].back().subspan(offset);
      next_[p] += offset;
    }
  }

private:
  static constexpr std::size_t chunk_bytes = 8192;
  static constexpr std::size_t chunk_rows = chunk_bytes / sizeof(Row);
  static_assert(64 % sizeof(Row) == 0);

  void open_chunk(std::size_t partition) {
    next_[partition] = memory_.data() + used_;
    lists_[partition].emplace_back(next_[partition], chunk_rows);
    used_ += chunk_rows;
  }

  void close_chunk(std::size_t partition) {
    auto& last = lists_[partition].back();
    last = last.first(static_cast<std::size_t>(next_[partition] - last.data()));
  }

  huge_array<Row> memory_;
  std::vector<Row*> next_;
  std::vector<std::vector<std::span<const Row>>> lists_;
  std::size_t used_ = 0;
};

} // namespace crema::bench::limit
