#pragma once

#include "dataflow/sort/indexed_run.hpp"
#include "dataflow/sort/plain_numbers.hpp"
#include "dataflow/sort/sort_key.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace crema::internal {

/// Collects batches of records and gives the records back in stable order of their keys.
///
///     run_sorter<record, decltype(key), std::less<>> sorter{key};
///     sorter.append(owner, records);                 // as often as batches come
///     sorter.sort();
///     while (sorter.next(1000, [&](record&& r) { out.add(std::move(r)); }))
///       yield();
///     sorter.append(owner, records);                 // empty again: the next run
///
/// A batch is a span of records that `owner` keeps alive. The sorter moves records out of it (copies, and leaves the
/// batch as it was, where T is trivially copyable), and lets go of it after the last record or, for numbers, at once.
/// The key function is called once for each record, while it is appended; a key returned by reference must live as long
/// as its record. `compare(const K&, const K&)` may be anything: `std::less` and `std::greater` are recognised and made
/// total (see sort_key.hpp); whatever else is called by a merge sort that stays in bounds even if it is no order.
///
/// How, by type (n records): numbers that are their own keys are sorted as bits (sizeof(T) bytes each); keys
/// with a prefix (numbers, strings, byte arrays, pairs and tuples of such) through words of prefix and position (8 to
/// 16 bytes each; 60 more for strings that agree in their first 7 bytes), and records are moved once; other keys
/// through pointers (32 bytes each).
///
/// When a user function throws, the exception passes through: `append` leaves the sorter as it was; after `sort` or
/// `next` it may only be cleared or destroyed. Not thread-safe.
template <class T, class KeyFn, class Compare>
class run_sorter {
public:
  using key_type = std::remove_cvref_t<std::invoke_result_t<KeyFn&, const T&>>;
  using order_type = sort_order<key_type, Compare>;

  explicit run_sorter(KeyFn key = {}, Compare compare = {})
      : key_{std::move(key)}, indexed_{order_type{std::move(compare)}} {}

  /// Takes a batch; `heap_bytes` is what its records own beyond their own size. Not between `sort` and the last `next`.
  void append(std::shared_ptr<void> owner, std::span<T> records, std::size_t heap_bytes = 0) {
    if constexpr (may_be_plain) {
      if (all_plain_) {
        if (!plain_.append(records, key_))
          give_up_plain(std::move(owner), records, heap_bytes);
        return;
      }
    }
    indexed_.append(std::move(owner), records, heap_bytes,
                    [this](const T& record) -> decltype(auto) { return std::invoke(key_, record); });
  }

  /// Number of records that are still to be given back.
  std::size_t size() const noexcept { return total() - taken_; }

  /// Bytes that the sorter keeps alive, with those that `sort` will add.
  std::size_t bytes() const noexcept { return plain_.bytes() + indexed_.bytes(); }

  /// Puts the records in order.
  void sort() {
    plain_.sort();
    indexed_.sort();
  }

  /// Hands the next records, at most `max`, to `sink(T&&)`; whether more remain. After the last one all is freed and
  /// the sorter is ready for another run.
  template <class Sink>
  bool next(std::size_t max, Sink&& sink) {
    const std::size_t end = taken_ + std::min(max, size());
    if (plain_.size() != 0)
      plain_.take(taken_, end, sink);
    else
      indexed_.take(taken_, end, sink);
    if (taken_ != total())
      return true;
    clear();
    return false;
  }

  /// Drops all records.
  void clear() noexcept {
    plain_ = {};
    indexed_.clear();
    taken_ = 0;
    all_plain_ = may_be_plain;
  }

private:
  static constexpr bool may_be_plain =
    has_prefix<key_type, Compare> && std::is_arithmetic_v<T> && std::is_same_v<T, key_type>;

  std::size_t total() const noexcept { return plain_.size() + indexed_.size(); }

  // The keys of the rejected batch are known by now and must not be asked for again.
  void give_up_plain(std::shared_ptr<void> owner, std::span<T> records, std::size_t heap_bytes) {
    std::vector<T> keys;
    keys.reserve(records.size());
    for (std::size_t i = 0; i != records.size(); ++i)
      keys.push_back(plain_.key(i));
    auto [pages, earlier] = plain_.take_records();
    indexed_.append(std::move(pages), earlier, 0, [](const T& record) { return record; });
    indexed_.append(std::move(owner), records, heap_bytes, [next = keys.begin()](const T&) mutable { return *next++; });
    all_plain_ = false;
  }

  [[no_unique_address]] KeyFn key_;
  std::conditional_t<may_be_plain, plain_numbers<T, Compare>, no_plain_numbers> plain_;
  bool all_plain_ = may_be_plain;
  indexed_run<T, key_type, Compare> indexed_;
  std::size_t taken_ = 0;
};

} // namespace crema::internal
