#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/block/memory_budget.hpp"
#include "dataflow/hash/join_probe.hpp"
#include "dataflow/hash/join_side.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace crema::internal {

/// The join of two sides that fit into memory: every pair of a left and a right value of equal keys, in no order.
///
///     hash_join<K, V, W> join{budget};
///     if (!join.append_left(block)) …          // no memory: join.give_back(…), and go on without it
///     join.finish();
///     while (join.next(block, 5000)) …
///
/// A radix join: both sides are scattered over 512 partitions while they come; of each partition the right side goes
/// into a table that fits into the second-level cache, where the left one's rows look for theirs (Manegold, Boncz and
/// Kersten, "Optimizing main-memory join on modern hardware", 2002). Few rows stay together. The product of the rows of
/// one key is never held. A left pair that is not flat is moved into its last result; right values are copied. Not
/// thread-safe. Exceptions of user types pass through; the join may then only be destroyed.
template <class K, class V, class W>
class hash_join {
  using left_side = join_side<K, V>;
  using right_side = join_side<K, W>;
  using left_row = typename left_side::row;
  using right_row = typename right_side::row;

public:
  using record = std::pair<K, std::pair<V, W>>;

  explicit hash_join(memory_budget& budget) : memory_{budget} {}

  /// False when the budget does not cover what is held now; it is held nevertheless.
  [[nodiscard]] bool append_left(block_ptr records) { return append(left_, std::move(records)); }
  [[nodiscard]] bool append_right(block_ptr records) { return append(right_, std::move(records)); }

  /// Hands all that was appended to `to_left(block)` and `to_right(block)`; nothing is left.
  template <class ToLeft, class ToRight>
  void give_back(ToLeft&& to_left, ToRight&& to_right) {
    const auto shrinking = [this](auto& to) {
      return [this, &to](block_ptr records) {
        memory_.resize(std::min(memory_.bytes(), held()));
        to(std::move(records));
      };
    };
    left_.give_back(shrinking(to_left));
    right_.give_back(shrinking(to_right));
    memory_.resize(0);
  }

  /// After the last append.
  void finish() {
    if (!scattered_) {
      const auto bits = std::bit_width(std::max(left_.size(), right_.size()) / rows_together);
      scatter(std::min(most_bits, static_cast<unsigned>(bits)), left_.size(), right_.size());
    }
    left_.finish();
    right_.finish();
    reserve_table();
  }

  /// The next records, at most n and perhaps none yet; false when nothing will come any more.
  bool next(block_ptr& out, std::size_t n) {
    open_block<record> made;
    bool more = true;
    for (std::size_t work = 0; work < enough_work && (!made || made->size() != n);)
      if (emitted_ != probe_.size())
        emit(made, n);
      else if (!(more = find(work)))
        break;
    out = made ? made.seal() : block_ptr{};
    if (!more)
      free_all();
    return more;
  }

private:
  static constexpr unsigned most_bits = 9;
  static constexpr std::size_t scatter_from = std::size_t{8} << 20;  // bytes of rows on both sides
  static constexpr std::size_t scatter_room = std::size_t{16} << 20; // rows twice, or 2 * 512 chunks with few rows
  static constexpr std::size_t rows_together = std::size_t{16} << 10;
  static constexpr std::size_t most_rows = std::size_t{1} << 20; // in one table
  static constexpr std::size_t least_rows = std::size_t{4} << 10;
  static constexpr std::size_t enough_work = std::size_t{64} << 10; // rows looked at in one go

  template <class Side>
  bool append(Side& side, block_ptr records) {
    side.append(std::move(records));
    if (!memory_.try_resize(held()))
      return false;
    if (scattered_ || left_.size() * sizeof(left_row) + right_.size() * sizeof(right_row) < scatter_from)
      return true;
    if (!memory_.try_resize(held() + scatter_room)) // before partitions are begun that nobody has room for
      return false;
    scatter(most_bits, most_rows, most_rows);
    return memory_.try_resize(held());
  }

  void scatter(unsigned bits, std::size_t lefts, std::size_t rights) {
    left_.partition(bits, lefts);
    right_.partition(bits, rights);
    scattered_ = true;
  }

  std::size_t held() const noexcept { return left_.bytes() + right_.bytes(); }

  /// Tables for some of the rows at a time do where memory is short.
  void reserve_table() {
    std::size_t largest = 0;
    for (std::size_t p = 0; p != partitions(); ++p)
      if (left_.rows().rows(p) != 0)
        largest = std::max(largest, right_.rows().rows(p));
    const auto needed = [&] { return held() + join_table<right_row>::bytes(std::min(largest, most_rows_)); };
    while (!memory_.try_resize(needed()) && most_rows_ > least_rows)
      most_rows_ /= 4;
    memory_.resize(needed());
  }

  bool find(std::size_t& work) {
    emitted_ = 0;
    if (probing_ && probe_.find()) {
      work += probe_.size() == 0 ? probe_.most_probed : 0;
      return true;
    }
    probing_ = false;
    for (; partition_ != partitions(); ++partition_) {
      const auto rows = std::pair{left_.rows().rows(partition_), right_.rows().rows(partition_)};
      if (rows.first == 0 || rows.second == 0)
        continue;
      work += rows.first + rows.second;
      probe_.start(right_.rows().chunks(partition_), left_.rows().chunks(partition_), left_.rows().bits(), most_rows_);
      ++partition_;
      probing_ = true;
      return true;
    }
    return false;
  }

  std::size_t partitions() const noexcept { return left_.rows().partitions(); }

  /// Adds matches to `to`, which begins small and may have n records.
  void emit(open_block<record>& to, std::size_t n) {
    const auto size = to ? to->size() : 0;
    const auto end = std::min(probe_.size(), emitted_ + (n - size));
    if (!to || size + (end - emitted_) > to->capacity()) {
      open_block<record> larger{to ? n : end - emitted_};
      if (to)
        for (auto& each : *to)
          larger->emplace_back(std::move(each));
      to = std::move(larger);
    }
    for (; emitted_ != end; ++emitted_) {
      auto& l = row_pair(probe_.probing(emitted_));
      const auto& r = row_pair(probe_.built(emitted_));
      if constexpr (!left_side::flat)
        if (left_.movable() && probe_.last(emitted_)) {
          to->emplace_back(std::move(l.first), std::pair<V, W>(std::move(l.second), r.second));
          continue;
        }
      to->emplace_back(std::as_const(l.first), std::pair<V, W>(std::as_const(l.second), r.second));
    }
  }

  void free_all() {
    probe_ = {};
    left_ = {};
    right_ = {};
    partition_ = 0;
    memory_.resize(0);
  }

  left_side left_;
  right_side right_;
  bool scattered_ = false;
  reservation memory_;

  join_probe<right_row, left_row> probe_;
  std::size_t most_rows_ = most_rows;
  std::size_t partition_ = 0; // the next one
  bool probing_ = false;
  std::size_t emitted_ = 0; // of what was found last
};

} // namespace crema::internal
