#pragma once

#include "dataflow/block/page_buffer.hpp"
#include "dataflow/hash/join_row.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <utility>

namespace crema::internal {

/// The rows of one side of a join, sorted by bucket: the rows that may match another one stand side by side.
///
///     table.build(chunks, 9);                             // 9: high bits of the hashes that all rows have in common
///     auto [begin, end] = table.range(hash);
///     for (auto i = begin; i != end; ++i)
///       if (rows_match(table[i], other)) …
///
/// Building is two passes over the rows (count, place) and takes linear time whatever the keys are. About one row a
/// bucket, 4 bytes a bucket beside the row; rows of one key share a bucket, however many. Keeps its memory from one
/// build to the next. Not thread-safe.
template <class Row>
class join_table {
public:
  using index = std::uint32_t;
  struct interval {
    index begin;
    index end;
  };

  /// What a table of `rows` rows takes.
  static std::size_t bytes(std::size_t rows) noexcept {
    return page_buffer_capacity(rows * sizeof(Row)) + page_buffer_capacity((buckets(rows) + 2) * sizeof(index));
  }

  void build(std::span<const std::span<const Row>> chunks, unsigned used_bits) {
    std::size_t rows = 0;
    for (const auto& chunk : chunks)
      rows += chunk.size();
    make_room(rows);
    used_bits_ = used_bits;
    count(chunks);
    sum_up();
    place(chunks);
  }

  interval range(std::uint64_t hash) const noexcept {
    const auto at = bucket(hash);
    return {ends()[at], ends()[at + 1]};
  }
  const Row& operator[](std::size_t i) const noexcept { return rows()[i]; }
  void prefetch(std::size_t i) const noexcept { __builtin_prefetch(rows() + i); }

private:
  std::size_t bucket(std::uint64_t hash) const noexcept { return hash << used_bits_ >> shift_; }
  static std::size_t buckets(std::size_t rows) noexcept { return std::bit_ceil(std::max<std::size_t>(2, rows)); }

  Row* rows() const noexcept { return reinterpret_cast<Row*>(rows_.data()); }
  /// Element b + 1 is the end of bucket b; while placing, it is where the bucket's next row goes.
  index* ends() const noexcept { return reinterpret_cast<index*>(ends_.data()); }

  void make_room(std::size_t rows) {
    if (rows_.capacity() < rows * sizeof(Row))
      rows_ = page_buffer{rows * sizeof(Row)};
    buckets_ = buckets(rows);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(buckets_));
    const auto bytes = (buckets_ + 2) * sizeof(index);
    if (ends_.capacity() < bytes)
      ends_ = page_buffer{bytes};
    std::memset(ends_.data(), 0, bytes);
  }

  void count(std::span<const std::span<const Row>> chunks) {
    auto* const counts = ends() + 1;
    for (const auto& chunk : chunks)
      for (const auto& row : chunk)
        ++counts[bucket(row_hash(row))];
  }

  /// Turns counts into beginnings.
  void sum_up() noexcept {
    auto* const counts = ends() + 1;
    index sum = 0;
    for (std::size_t b = 0; b != buckets_; ++b)
      sum += std::exchange(counts[b], sum);
  }

  void place(std::span<const std::span<const Row>> chunks) {
    auto* const next = ends() + 1;
    auto* const to = rows();
    for (const auto& chunk : chunks)
      for (const auto& row : chunk)
        ::new (static_cast<void*>(to + next[bucket(row_hash(row))]++)) Row(row);
  }

  page_buffer rows_;
  page_buffer ends_;
  std::size_t buckets_ = 0;
  unsigned shift_ = 63;
  unsigned used_bits_ = 0;
};

} // namespace crema::internal
