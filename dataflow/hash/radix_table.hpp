#pragma once

#include "dataflow/block/memory_budget.hpp"
#include "dataflow/block/page_buffer.hpp"
#include "dataflow/hash/hash_bits.hpp"
#include "dataflow/hash/slot_array.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace crema::internal {

/// Combines plain keys and values that are too many for the caches: what a `combine_table` goes over to.
///
///     radix_table<layout, sum> table{reservation{budget}, combiner};
///     if (table.begin())                              // else the budget has no room for it
///       table.add(probe, [&] { return c; });          // for each row
///     while (table.drain(10'000, [](auto& slot) { … })) {
///     }
///
/// A row goes to the end of one of 512 partitions, by the high bits of its hash, and waits there: a plain store, in
/// batches. When a partition has about as many rows that wait as it has keys, it is compacted: a table of row numbers,
/// small enough for the second-level cache, finds rows of equal keys, which are combined in place. So a row costs a few
/// accesses to memory in sequence instead of one by chance, nothing is copied when the table grows, and beside the rows
/// that wait there are only keys and values. (The partitioning of Müller et al., "Cache-efficient aggregation: hashing
/// is sorting", 2015, with partitions that stay.)
///
/// A partition is a list of chunks of 4 KiB, cut out of slabs on huge pages. Where the budget refuses a slab and
/// compacting does not help, the table is `full()` and goes on by force. The combiner may throw; what was combined is
/// then unknown. Not thread-safe.
template <class Layout, class Combiner>
class radix_table {
public:
  using slot = typename Layout::slot;
  using probe = typename Layout::probe;

  /// Refers to `combiner`.
  radix_table(reservation memory, const Combiner& combiner) noexcept
      : combiner_{&combiner}, memory_{std::move(memory)} {}

  /// False where the budget has no room for the first chunks of all partitions.
  bool begin() {
    if (!add_slab(false))
      return false;
    std::vector<partition> parts(partitions);
    for (auto& part : parts)
      part.chunks.push_back(take_chunk());
    ends_.resize(partitions);
    parts_ = std::move(parts);
    clear();
    return true;
  }
  bool begun() const noexcept { return !parts_.empty(); }

  /// Adds a row whose value is `make()`.
  template <class Make>
  [[gnu::always_inline]] void add(const probe& key, Make&& make) {
    layout_.claim(batch_[batched_], key, std::forward<Make>(make));
    homes_[batched_] = static_cast<std::uint16_t>(spread(key) >> (64 - bits));
    if (++batched_ == batch_rows) [[unlikely]]
      scatter();
  }

  /// Combines what waits.
  void flush() {
    scatter();
    for (std::size_t p = 0; p != parts_.size(); ++p)
      compact(p, end_row(p));
  }

  bool full() const noexcept { return full_; }

  /// Rows, those that wait included.
  std::size_t size() const noexcept {
    std::size_t sum = batched_;
    for (std::size_t p = draining_; p < parts_.size(); ++p)
      sum += end_row(p) - first_row(p);
    return sum - taken_;
  }

  std::size_t capacity_bytes() const noexcept { return memory_.bytes(); }

  /// Calls `emit(slot)` for at most `max` keys, which then leave; true while some remain.
  template <class Emit>
  bool drain(std::size_t max, Emit&& emit) {
    scatter();
    for (; draining_ < parts_.size(); ++draining_) {
      auto& part = parts_[draining_];
      if (end_row(draining_) == first_row(draining_))
        continue;
      if (max == 0)
        return true;
      if (taken_ == 0)
        compact(draining_, end_row(draining_));
      if (taken_ == 0 && sorted_)
        sort(draining_);
      for (auto n = first_row(draining_) + taken_; n != part.keys; ++n, ++taken_) {
        if (max-- == 0)
          return true;
        emit(row(part, n));
      }
      keep(draining_, first_row(draining_));
      taken_ = 0;
    }
    clear();
    return false;
  }

  /// Makes the drain that follows go by ascending `mix64` of the keys' hashes.
  void sort_by_hash() noexcept { sorted_ = true; }

  /// Drops all rows and keeps the memory.
  void clear() noexcept {
    for (std::size_t p = 0; p != parts_.size(); ++p)
      keep(p, first_row(p));
    batched_ = 0;
    draining_ = 0;
    taken_ = 0;
    full_ = false;
    sorted_ = false;
  }

  /// Drops all rows and gives the memory back: it must begin again.
  void release() noexcept {
    parts_.clear();
    ends_.clear();
    slabs_.clear();
    chunks_left_ = 0;
    memory_.resize(0);
    clear();
  }

private:
  static constexpr unsigned bits = 9;
  static constexpr std::size_t partitions = std::size_t{1} << bits;
  static constexpr std::size_t chunk_bytes = 4096;
  static constexpr std::size_t chunk_rows = chunk_bytes / sizeof(slot);
  static constexpr std::size_t slab_bytes = partitions * chunk_bytes;
  static constexpr std::size_t batch_rows = 64;
  static constexpr std::size_t together = 4;
  static constexpr std::size_t most_waiting = (std::size_t{64} << 10) / sizeof(slot); // of few keys

  /// Rows have numbers: row n lies in chunk n / chunk_rows.
  struct partition {
    std::vector<slot*> chunks;
    std::size_t used = 0;  // chunks
    std::size_t keys = 0;  // the first row that waits; no two before it have one key
    std::size_t limit = 0; // the row before which to compact
  };

  static std::uint64_t spread(const probe& key) { return mix64(Layout::hash(key)); }

  /// Partitions grow in step: if all began with a chunk, their ends would compete for the same few sets of the cache.
  static constexpr std::size_t first_row(std::size_t p) noexcept { return p * 64 / sizeof(slot) % chunk_rows; }

  /// Chunks lie at multiples of their size.
  static bool ends_chunk(const slot* end) noexcept {
    return reinterpret_cast<std::uintptr_t>(end) % chunk_bytes == chunk_rows * sizeof(slot) % chunk_bytes;
  }

  /// Whether so many rows fit into the chunk and leave room for one more.
  static bool has_room(const slot* end, std::size_t rows) noexcept {
    return reinterpret_cast<std::uintptr_t>(end) % chunk_bytes < (chunk_rows - rows) * sizeof(slot);
  }

  /// Rows of the batch go to their partitions, four at a time: the end of a partition must not be read before the
  /// processor knows where all earlier rows went, so four ends are read before four rows go there.
  [[gnu::noinline]] void scatter() {
    const auto n = std::exchange(batched_, 0); // lost where the combiner throws
    slot** const ends = ends_.data();
    std::size_t i = 0;
    for (; i + together <= n; i += together) {
      bool room = true;
      for (std::size_t j = 0; j != together; ++j)
        room &= has_room(ends[homes_[i + j]], together);
      if (!room) [[unlikely]] {
        for (std::size_t j = 0; j != together; ++j)
          append(homes_[i + j], batch_[i + j]);
        continue;
      }
      slot* to[together];
      for (std::size_t j = 0; j != together; ++j)
        to[j] = ends[homes_[i + j]]++;
      for (std::size_t j = 0; j != together; ++j)
        __builtin_prefetch(reinterpret_cast<const char*>(to[j]) + 64, 1);
      for (std::size_t j = 0; j != together; ++j)
        *to[j] = batch_[i + j];
    }
    for (; i != n; ++i)
      append(homes_[i], batch_[i]);
  }

  void append(std::size_t p, const slot& added) {
    *ends_[p] = added;
    if (ends_chunk(++ends_[p]))
      make_room(p);
  }

  std::size_t end_row(std::size_t p) const noexcept {
    const auto& part = parts_[p];
    return (part.used - 1) * chunk_rows + static_cast<std::size_t>(ends_[p] - part.chunks[part.used - 1]);
  }

  /// Puts the end before row n, so that there is room for it.
  void end_at(std::size_t p, std::size_t n) {
    auto& part = parts_[p];
    const auto chunk = n / chunk_rows;
    if (chunk == part.chunks.size())
      part.chunks.push_back(take_chunk());
    part.used = chunk + 1;
    ends_[p] = part.chunks[chunk] + n % chunk_rows;
  }

  /// The rows up to n are the partition's, no two of one key.
  void keep(std::size_t p, std::size_t n) {
    auto& part = parts_[p];
    const auto keys = n - first_row(p);
    part.keys = n;
    part.limit = n + std::max(keys, std::min(4 * keys, most_waiting));
    end_at(p, n);
  }

  static slot& row(const partition& part, std::size_t n) noexcept {
    return part.chunks[n / chunk_rows][n % chunk_rows];
  }

  /// Calls `f(slot)` for the rows from `from` to `to`.
  template <class F>
  [[gnu::always_inline]] static void for_rows(const partition& part, std::size_t from, std::size_t to, F f) {
    while (from != to) {
      const auto number = from / chunk_rows;
      const auto begin = from % chunk_rows;
      const auto end = std::min(chunk_rows, begin + (to - from));
      auto* const chunk = part.chunks[number];
      const auto* const ahead = part.chunks[std::min(number + 1, part.used - 1)]; // no prefetcher knows where it is
      for (auto i = begin; i != end; ++i) {
        __builtin_prefetch(ahead + i);
        f(chunk[i]);
      }
      from += end - begin;
    }
  }

  [[gnu::noinline]] void make_room(std::size_t p) {
    auto& part = parts_[p];
    const auto rows = end_row(p);
    --ends_[p]; // whatever throws, the next row must find room
    const bool refused = part.used == part.chunks.size() && chunks_left_ == 0 && !full_ && !add_slab(false);
    if (refused || rows >= part.limit)
      compact(p, rows);
    else
      end_at(p, rows);
    const auto came = rows - first_row(p);
    if (refused && part.keys - first_row(p) > came - came / 4)
      full_ = true;
  }

  slot* take_chunk() {
    if (chunks_left_ == 0)
      add_slab(true);
    return reinterpret_cast<slot*>(slabs_.back().data() + --chunks_left_ * chunk_bytes);
  }

  bool add_slab(bool forced) {
    if (!memory_.try_resize(memory_.bytes() + slab_bytes)) {
      if (!forced)
        return false;
      memory_.resize(memory_.bytes() + slab_bytes);
    }
    slabs_.emplace_back(slab_bytes);
    chunks_left_ = slab_bytes / chunk_bytes;
    return true;
  }

  [[gnu::noinline]] void compact(std::size_t p, std::size_t end) {
    auto& part = parts_[p];
    if (part.keys == end)
      return keep(p, end);
    slot_array<std::uint32_t> numbers{std::bit_ceil(2 * (end - first_row(p)))}; // of rows, and 0 where there is none
    auto number = static_cast<std::uint32_t>(first_row(p));
    const auto home = [&](const slot& s) { return numbers.home(spread(s.key) << bits); };
    for_rows(part, number, part.keys, [&](const slot& known) {
      auto at = home(known);
      while (numbers[at] != 0)
        at = numbers.next(at);
      numbers[at] = ++number;
    });
    for_rows(part, part.keys, end, [&](slot& s) {
      auto at = home(s);
      for (; numbers[at] != 0; at = numbers.next(at)) {
        auto& known = row(part, numbers[at] - 1);
        if (Layout::matches(known, s.key))
          return combiner_->merge_combined(Layout::value(known), std::move(Layout::value(s)));
      }
      row(part, number) = s;
      numbers[at] = ++number;
    });
    keep(p, number);
  }

  void sort(std::size_t p) {
    const auto& part = parts_[p];
    std::vector<slot> rows;
    rows.reserve(part.keys - first_row(p));
    for_rows(part, first_row(p), part.keys, [&](const slot& s) { rows.push_back(s); });
    std::sort(rows.begin(), rows.end(), [](const slot& a, const slot& b) { return spread(a.key) < spread(b.key); });
    auto sorted = rows.begin();
    for_rows(part, first_row(p), part.keys, [&](slot& s) { s = *sorted++; });
  }

  const Combiner* combiner_;
  std::vector<slot*> ends_; // where the next row goes
  std::array<slot, batch_rows> batch_;
  std::array<std::uint16_t, batch_rows> homes_; // its rows' partitions
  std::size_t batched_ = 0;
  std::vector<partition> parts_;
  std::vector<page_buffer> slabs_;
  std::size_t chunks_left_ = 0; // of the last slab
  std::size_t draining_ = 0;    // the partition
  std::size_t taken_ = 0;       // rows of it
  bool full_ = false;
  bool sorted_ = false;
  Layout layout_;
  reservation memory_;
};

} // namespace crema::internal
