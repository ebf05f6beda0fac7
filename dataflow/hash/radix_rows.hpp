#pragma once

#include "dataflow/block/page_buffer.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

namespace crema::internal {

/// Rows scattered over 2^bits partitions by the high bits of their hashes, as they come.
///
///     radix_rows<row> rows{9};
///     rows.add(hash, row);                  // for each row
///     rows.finish();
///     for (auto chunk : rows.chunks(3)) …   // the rows of partition 3
///
/// A partition is a list of chunks of at most 8 KiB, cut out of slabs on huge pages. Plain stores to 512 open chunks at
/// once are faster than collecting cache lines and streaming them, because huge pages spare the address translation;
/// and no second pass is needed that would have to know the sizes beforehand. A chunk is aligned to its size, so one
/// pointer for each partition tells both the next place and whether there is one: the first-level cache has little room
/// beside the open lines. Not thread-safe. Throws std::bad_alloc.
template <class Row>
class radix_rows {
  static_assert(
    std::is_trivially_copy_constructible_v<Row> && std::is_trivially_destructible_v<Row> && sizeof(Row) <= 64);

public:
  using row_span = std::span<const Row>;

  radix_rows() noexcept = default;

  /// Partitions for about `expected` rows; fewer and more are fine.
  radix_rows(unsigned bits, std::size_t expected)
      : bits_{bits}, next_(std::size_t{1} << bits, nullptr), last_(next_.size(), none) {
    constexpr std::size_t least_rows = 16;
    chunk_bytes_ = std::bit_ceil(std::max(expected, least_rows) * sizeof(Row));
    chunk_bytes_ = std::min(chunk_bytes_, std::size_t{4} << 10);
    chunk_rows_ = chunk_bytes_ / sizeof(Row);
    const auto wanted = expected / chunk_rows_ + next_.size();
    slab_chunks_ = std::clamp<std::size_t>(wanted, 1, slab_bytes / chunk_bytes_);
  }

  unsigned bits() const noexcept { return bits_; }
  std::size_t partitions() const noexcept { return next_.size(); }
  std::size_t partition_of(std::uint64_t hash) const noexcept { return hash >> 1 >> (63 - bits_); }

  [[gnu::always_inline]] void add(std::size_t partition, const Row& row) {
    if (!has_room(next_[partition], 1, chunk_bytes_)) [[unlikely]]
      open_chunk(partition);
    ::new (static_cast<void*>(next_[partition]++)) Row(row);
  }

  /// Adds `row(i)` to `partition(i)` for each i below n. Twice as fast as one by one: a place must not be read before
  /// the processor knows where all earlier rows went, so four places are read before four rows go there.
  template <class PartitionAt, class RowAt>
  [[gnu::always_inline]] void add_all(std::size_t n, PartitionAt&& partition, RowAt&& row) {
    constexpr std::size_t together = 4;
    Row** const next = next_.data();
    const auto chunk_bytes = chunk_bytes_; // which the rows might overwrite, for all that the compiler knows
    std::size_t i = 0;
    for (; i + together <= n; i += together) {
      std::size_t at[together];
      bool room = true;
      for (std::size_t j = 0; j != together; ++j) {
        at[j] = partition(i + j);
        room &= has_room(next[at[j]], together, chunk_bytes);
      }
      if (!room) [[unlikely]] {
        for (std::size_t j = 0; j != together; ++j)
          add(at[j], row(i + j));
        continue;
      }
      Row* to[together];
      for (std::size_t j = 0; j != together; ++j)
        to[j] = next[at[j]]++;
      for (std::size_t j = 0; j != together; ++j)
        __builtin_prefetch(reinterpret_cast<const char*>(to[j]) + 64, 1);
      for (std::size_t j = 0; j != together; ++j)
        ::new (static_cast<void*>(to[j])) Row(row(i + j));
    }
    for (; i != n; ++i)
      add(partition(i), row(i));
  }

  /// Ends the adding.
  void finish() noexcept {
    for (std::size_t p = 0; p != partitions(); ++p)
      if (last_[p] != none)
        chunks_[last_[p]].size = static_cast<std::uint32_t>(next_[p] - chunks_[last_[p]].first);
  }

  // After finish():

  std::size_t rows(std::size_t partition) const noexcept {
    std::size_t sum = 0;
    for (auto c = last_[partition]; c != none; c = chunks_[c].before)
      sum += chunks_[c].size;
    return sum;
  }

  std::vector<row_span> chunks(std::size_t partition) const {
    std::vector<row_span> found;
    for (auto c = last_[partition]; c != none; c = chunks_[c].before)
      found.emplace_back(chunks_[c].first, chunks_[c].size);
    return found;
  }

  /// Hands all rows to `f(span)` and frees them, slab by slab; nothing is left.
  template <class F>
  void drain(F&& f) {
    finish();
    for (std::size_t c = 0; c != chunks_.size(); ++c) {
      f(row_span{chunks_[c].first, chunks_[c].size});
      if ((c + 1) % slab_chunks_ == 0)
        free_slab(c / slab_chunks_);
    }
    *this = {};
  }

  std::size_t bytes() const noexcept {
    return slab_bytes_ + chunks_.capacity() * sizeof(chunk) + partitions() * (sizeof(Row*) + sizeof(std::uint32_t));
  }

private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  static constexpr std::size_t slab_bytes = 2 << 20;

  struct chunk {
    Row* first;
    std::uint32_t size;
    std::uint32_t before; ///< the partition's chunk before this one
  };

  /// Whether so many rows fit between `at` and the end of its chunk; where a chunk begins, another has ended.
  static bool has_room(const Row* at, std::size_t rows, std::size_t chunk_bytes) noexcept {
    return ((reinterpret_cast<std::uintptr_t>(at) - 1) & (chunk_bytes - 1)) < chunk_bytes - rows * sizeof(Row);
  }

  [[gnu::noinline]] void open_chunk(std::size_t partition) {
    const auto index = chunks_.size();
    if (index % slab_chunks_ == 0)
      add_slab();
    auto* const first = reinterpret_cast<Row*>(slab_at_ + index % slab_chunks_ * chunk_bytes_);
    // Partitions grow in step: without this all open lines would compete for the same few sets of the cache.
    const auto offset = last_[partition] == none ? partition * 64 % 4096 / sizeof(Row) % chunk_rows_ : 0;
    chunks_.push_back({first + offset, static_cast<std::uint32_t>(chunk_rows_ - offset), last_[partition]});
    last_[partition] = static_cast<std::uint32_t>(index);
    next_[partition] = first + offset;
  }

  void add_slab() {
    const auto bytes = slab_chunks_ * chunk_bytes_;
    slabs_.emplace_back(bytes == slab_bytes ? bytes : bytes + chunk_bytes_); // only whole slabs are aligned
    slab_bytes_ += slabs_.back().capacity();
    const auto past = reinterpret_cast<std::uintptr_t>(slabs_.back().data()) % chunk_bytes_;
    slab_at_ = slabs_.back().data() + (past == 0 ? 0 : chunk_bytes_ - past);
  }

  void free_slab(std::size_t slab) noexcept {
    slab_bytes_ -= slabs_[slab].capacity();
    slabs_[slab] = {};
  }

  unsigned bits_ = 0;
  std::size_t chunk_rows_ = 0;
  std::size_t chunk_bytes_ = 0;
  std::size_t slab_chunks_ = 1;
  std::size_t slab_bytes_ = 0;
  std::byte* slab_at_ = nullptr;    ///< the first chunk of the last slab
  std::vector<Row*> next_;          ///< the next place in each partition
  std::vector<std::uint32_t> last_; ///< its last chunk
  std::vector<chunk> chunks_;       // in the order in which the slabs hold them
  std::vector<page_buffer> slabs_;
};

} // namespace crema::internal
