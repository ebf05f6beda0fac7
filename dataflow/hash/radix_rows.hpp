#pragma once

#include "dataflow/block/page_buffer.hpp"

#include <algorithm>
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
/// A partition is a list of chunks of 8 KiB, cut out of slabs on huge pages. Plain stores to 512 open chunks at once
/// are faster than collecting cache lines and streaming them, because huge pages spare the address translation; and no
/// second pass is needed that would have to know the sizes beforehand. Not thread-safe. Throws std::bad_alloc.
template <class Row>
class radix_rows {
  static_assert(
    std::is_trivially_copy_constructible_v<Row> && std::is_trivially_destructible_v<Row> && sizeof(Row) <= 64);

public:
  using row_span = std::span<const Row>;

  radix_rows() noexcept = default;

  /// Partitions for about `expected` rows; fewer and more are fine.
  radix_rows(unsigned bits, std::size_t expected) : bits_{bits}, open_(std::size_t{1} << bits) {
    constexpr std::size_t chunk_bytes = 8 << 10;
    constexpr std::size_t least_rows = 16;
    constexpr std::size_t slab_bytes = 2 << 20;
    chunk_rows_ = std::clamp(expected, least_rows, chunk_bytes / sizeof(Row));
    const auto wanted = expected / chunk_rows_ + open_.size();
    chunk_bytes_ = (chunk_rows_ * sizeof(Row) + 63) / 64 * 64;
    slab_chunks_ = std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(1, slab_bytes / chunk_bytes_));
  }

  unsigned bits() const noexcept { return bits_; }
  std::size_t partitions() const noexcept { return open_.size(); }
  std::size_t partition_of(std::uint64_t hash) const noexcept { return hash >> 1 >> (63 - bits_); }

  [[gnu::always_inline]] void add(std::size_t partition, const Row& row) {
    auto& at = open_[partition];
    if (at.next == at.end) [[unlikely]]
      open_chunk(partition);
    ::new (static_cast<void*>(at.next)) Row(row);
    ++at.next;
  }

  /// Ends the adding.
  void finish() noexcept {
    for (auto& at : open_) {
      if (at.last != none)
        chunks_[at.last].size = static_cast<std::uint32_t>(at.next - chunks_[at.last].first);
      at.end = at.next;
    }
  }

  // After finish():

  std::size_t rows(std::size_t partition) const noexcept {
    std::size_t sum = 0;
    for (auto c = open_[partition].last; c != none; c = chunks_[c].before)
      sum += chunks_[c].size;
    return sum;
  }

  std::vector<row_span> chunks(std::size_t partition) const {
    std::vector<row_span> found;
    for (auto c = open_[partition].last; c != none; c = chunks_[c].before)
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
    return slab_bytes_ + chunks_.capacity() * sizeof(chunk) + open_.size() * sizeof(open_end);
  }

private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct chunk {
    Row* first;
    std::uint32_t size;
    std::uint32_t before; ///< the partition's chunk before this one
  };
  struct open_end {
    Row* next = nullptr;
    Row* end = nullptr;
    std::uint32_t last = none;
  };

  [[gnu::noinline]] void open_chunk(std::size_t partition) {
    const auto index = chunks_.size();
    const auto slab = index / slab_chunks_;
    if (slab == slabs_.size()) {
      slabs_.emplace_back(slab_chunks_ * chunk_bytes_);
      slab_bytes_ += slabs_.back().capacity();
    }
    auto& at = open_[partition];
    auto* const first = reinterpret_cast<Row*>(slabs_[slab].data() + index % slab_chunks_ * chunk_bytes_);
    // Partitions grow in step: without this all open lines would compete for the same few sets of the cache.
    const auto offset = at.last == none ? partition * 64 % 4096 / sizeof(Row) % chunk_rows_ : 0;
    chunks_.push_back({first + offset, static_cast<std::uint32_t>(chunk_rows_ - offset), at.last});
    at = {first + offset, first + chunk_rows_, static_cast<std::uint32_t>(index)};
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
  std::vector<open_end> open_;
  std::vector<chunk> chunks_; // in the order in which the slabs hold them
  std::vector<page_buffer> slabs_;
};

} // namespace crema::internal
