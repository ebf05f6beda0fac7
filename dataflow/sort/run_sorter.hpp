#pragma once

#include "dataflow/sort/growing_pages.hpp"
#include "dataflow/sort/merge_sort.hpp"
#include "dataflow/sort/plain_numbers.hpp"
#include "dataflow/sort/record_batches.hpp"
#include "dataflow/sort/sort_key.hpp"
#include "dataflow/sort/sorted_positions.hpp"
#include "dataflow/sort/string_ties.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
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
/// How, by type (n records): numbers that are their own keys are sorted as bits, in place (sizeof(T) bytes each); keys
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

  explicit run_sorter(KeyFn key = {}, Compare compare = {}) : key_{std::move(key)}, order_{std::move(compare)} {}

  /// Takes a batch; `heap_bytes` is what its records own beyond their own size. Not between `sort` and the last `next`.
  void append(std::shared_ptr<void> owner, std::span<T> records, std::size_t heap_bytes = 0) {
    if constexpr (may_be_plain) {
      if (all_plain_) {
        if (!plain_.append(records, key_))
          give_up_plain(std::move(owner), records, heap_bytes);
        return;
      }
    }
    const auto key = [this](const T& record) -> decltype(auto) { return std::invoke(key_, record); };
    if constexpr (prefixed) {
      std::uint64_t* const room = prefixes_.room(records.size());
      batches_.append(std::move(owner), records, heap_bytes, key,
                      [room](std::size_t i, const key_type& k) { room[i] = directed_prefix<key_type, Compare>(k); });
      prefixes_.resize(batches_.size());
    } else {
      batches_.append(std::move(owner), records, heap_bytes, key, [](std::size_t, const key_type&) {});
    }
  }

  /// Number of records that are still to be given back.
  std::size_t size() const noexcept { return total() - taken_; }

  /// Bytes that the sorter keeps alive, with those that `sort` will add.
  std::size_t bytes() const noexcept {
    if constexpr (may_be_plain)
      if (all_plain_)
        return plain_.bytes();
    return batches_.bytes() + batches_.size() * (prefixed ? 16 : 32);
  }

  /// Puts the records in order.
  void sort() {
    if constexpr (may_be_plain)
      if (all_plain_)
        return plain_.sort();
    batches_.index();
    if constexpr (prefixed) {
      sorted_.sort(std::move(prefixes_));
      if constexpr (!prefix_decides)
        resolve_ties();
      sorted_.forget_keys();
    } else {
      const std::size_t n = batches_.size();
      entry* const room = entries_.room(n);
      for (std::size_t i = 0; i != n; ++i)
        ::new (static_cast<void*>(room + i)) entry{batches_.key(i), i};
      entries_.resize(n);
      sort_entries({room, n});
    }
  }

  /// Hands the next records, at most `max`, to `sink(T&&)`; whether more remain. After the last one all is freed and
  /// the sorter is ready for another run.
  template <class Sink>
  bool next(std::size_t max, Sink&& sink) {
    const std::size_t end = taken_ + std::min(max, size());
    take(end, sink);
    if (taken_ == total()) {
      clear();
      return false;
    }
    if constexpr (may_be_plain)
      plain_.discard_before(taken_);
    sorted_.discard_before(taken_);
    return true;
  }

  /// Drops all records.
  void clear() noexcept {
    plain_ = {};
    batches_ = {};
    prefixes_ = {};
    sorted_ = {};
    entries_ = {};
    taken_ = 0;
    all_plain_ = may_be_plain;
  }

private:
  static constexpr direction way = direction_of<key_type, Compare>;
  static constexpr bool prefixed = has_prefix<key_type, Compare>;
  static constexpr bool may_be_plain = prefixed && std::is_arithmetic_v<T> && std::is_same_v<T, key_type>;
  static constexpr bool prefix_decides = [] {
    if constexpr (prefixed)
      return sort_prefix<key_type>::width != 0;
    else
      return false;
  }();

  // A key to compare: small ones by value, because looking each up costs more than the comparison.
  struct pointer_entry {
    pointer_entry(const key_type& k, std::size_t at) : key{&k}, position{at} {}
    const key_type& operator*() const noexcept { return *key; }
    const key_type* key;
    std::size_t position;
  };
  struct value_entry {
    value_entry(const key_type& k, std::size_t at) : key{k}, position{at} {}
    const key_type& operator*() const noexcept { return key; }
    key_type key;
    std::size_t position;
  };
  static constexpr bool small_key =
    sizeof(key_type) <= 16 && std::is_trivially_copyable_v<key_type> && std::is_copy_assignable_v<key_type>;
  using entry =
    typename std::conditional_t<small_key, std::type_identity<value_entry>, std::type_identity<pointer_entry>>::type;

  std::size_t total() const noexcept { return plain_.size() + batches_.size(); }

  void give_up_plain(std::shared_ptr<void> owner, std::span<T> records, std::size_t heap_bytes);
  void resolve_ties();
  void resolve_tie(std::size_t begin, std::size_t end);
  void sort_entries(std::span<entry> entries) {
    merge_sort(entries, [this](const entry& a, const entry& b) { return order_(*a, *b); });
  }
  template <class Sink>
  void take(std::size_t end, Sink& sink);

  [[no_unique_address]] KeyFn key_;
  [[no_unique_address]] order_type order_;
  std::conditional_t<may_be_plain, plain_numbers<T, Compare>, no_plain_numbers> plain_;
  bool all_plain_ = may_be_plain;
  record_batches<T, key_type, !prefix_decides> batches_;
  growing_array<std::uint64_t> prefixes_;
  sorted_positions sorted_;
  growing_array<entry> entries_;
  std::size_t taken_ = 0;
};

template <class T, class KeyFn, class Compare>
void run_sorter<T, KeyFn, Compare>::give_up_plain(std::shared_ptr<void> owner, std::span<T> records,
                                                  std::size_t heap_bytes) {
  const std::size_t before = plain_.size();
  const std::size_t n = before + records.size();
  std::uint64_t* const room = prefixes_.room(n);
  for (std::size_t i = 0; i != n; ++i)
    room[i] = plain_.prefix(i);
  const auto ignored = [](const T& record) { return record; };
  const auto noted = [](std::size_t, const T&) {};
  auto [pages, earlier] = plain_.take_records();
  batches_.append(std::move(pages), earlier, 0, ignored, noted);
  batches_.append(std::move(owner), records, heap_bytes, ignored, noted);
  prefixes_.resize(n);
  all_plain_ = false;
}

template <class T, class KeyFn, class Compare>
void run_sorter<T, KeyFn, Compare>::resolve_ties() {
  const std::size_t n = sorted_.size();
  for (std::size_t begin = 0, end = 0; begin != n; begin = end) {
    for (end = begin + 1; end != n && sorted_.ties_with_next(end - 1);)
      ++end;
    if (end - begin == 1)
      continue;
    const std::uint64_t prefix = sorted_.key(begin);
    if (!sort_prefix<key_type>::decides(way == direction::descending ? ~prefix : prefix))
      resolve_tie(begin, end);
  }
}

template <class T, class KeyFn, class Compare>
void run_sorter<T, KeyFn, Compare>::resolve_tie(std::size_t begin, std::size_t end) {
  using bytes = key_bytes<key_type>;
  const auto sorted_tie = [&] {
    if constexpr (bytes::available) {
      std::vector<byte_key> keys;
      keys.reserve(end - begin);
      for (std::size_t i = begin; i != end; ++i) {
        const std::string_view key = bytes::of(batches_.key(sorted_[i]));
        keys.push_back({key.data(), key.size(), sorted_[i]});
      }
      sort_ties(keys, bytes::in_prefix, bytes::flip, way == direction::descending);
      return keys;
    } else {
      std::vector<entry> keys;
      keys.reserve(end - begin);
      for (std::size_t i = begin; i != end; ++i)
        keys.emplace_back(batches_.key(sorted_[i]), sorted_[i]);
      sort_entries(keys);
      return keys;
    }
  }();
  for (std::size_t i = begin; i != end; ++i)
    sorted_.replace(i, sorted_tie[i - begin].position);
}

template <class T, class KeyFn, class Compare>
template <class Sink>
void run_sorter<T, KeyFn, Compare>::take(std::size_t end, Sink& sink) {
  if constexpr (may_be_plain) {
    if (all_plain_) {
      while (taken_ != end)
        sink(T{plain_[taken_++]});
      return;
    }
  }
  // Records lie in random order: asking for them some places ahead hides what the memory takes to answer.
  constexpr std::size_t ahead = 16;
  std::array<T*, ahead> coming;
  const auto ask = [&](std::size_t i) {
    const std::size_t position = prefixed ? sorted_[i] : entries_[i].position;
    T* const record = &batches_.record(position);
    for (std::size_t line = 0; line < std::min<std::size_t>(sizeof(T), 256); line += 64)
      __builtin_prefetch(reinterpret_cast<const char*>(record) + line);
    __builtin_prefetch(reinterpret_cast<const char*>(record + 1) - 1);
    coming[i % ahead] = record;
  };
  for (std::size_t i = taken_; i != std::min(end, taken_ + ahead); ++i)
    ask(i);
  while (taken_ != end) {
    T* const record = coming[taken_ % ahead];
    if (taken_ + ahead < end)
      ask(taken_ + ahead);
    ++taken_;
    sink(std::move(*record));
  }
}

} // namespace crema::internal
