#pragma once

#include "dataflow/block/growing_pages.hpp"
#include "dataflow/sort/merge_sort.hpp"
#include "dataflow/sort/record_batches.hpp"
#include "dataflow/sort/sort_key.hpp"
#include "dataflow/sort/sorted_positions.hpp"
#include "dataflow/sort/string_ties.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace crema::internal {

/// Records sorted by way of their positions, so that each is moved once: a run of `run_sorter`.
///
/// Keys with a prefix are sorted as words of prefix and position; where a prefix decides not all, its ties are put in
/// order by the rest of the keys. Keys without one are sorted by merging.
template <class T, class K, class Compare>
class indexed_run {
public:
  explicit indexed_run(sort_order<K, Compare> order) : order_{std::move(order)} {}

  std::size_t size() const noexcept { return batches_.size(); }

  /// Bytes that the run keeps alive, with those that `sort` will add.
  std::size_t bytes() const noexcept { return batches_.bytes() + size() * (prefixed ? 16 : 2 * sizeof(entry)); }

  /// Takes a batch, calling `key` once for each record. Unchanged when that throws.
  template <class KeyFn>
  void append(std::shared_ptr<void> owner, std::span<T> records, std::size_t heap_bytes, KeyFn&& key) {
    if constexpr (prefixed) {
      std::uint64_t* const room = prefixes_.room(records.size());
      batches_.append(std::move(owner), records, heap_bytes, key,
                      [room](std::size_t i, const K& k) { room[i] = directed_prefix<K, Compare>(k); });
      prefixes_.resize(size());
    } else {
      batches_.append(std::move(owner), records, heap_bytes, key, [](std::size_t, const K&) {});
    }
  }

  void sort() {
    batches_.index();
    if constexpr (prefixed) {
      sorted_.sort(std::move(prefixes_));
      if constexpr (!prefix_decides)
        resolve_ties();
      sorted_.forget_keys();
    } else {
      entry* const room = entries_.room(size());
      for (std::size_t i = 0; i != size(); ++i)
        ::new (static_cast<void*>(room + i)) entry{batches_.key(i), i};
      entries_.resize(size());
      sort_entries({room, size()});
    }
  }

  /// Moves the records at places `begin` to `end` in order to the sink. `begin` counts those that it got.
  template <class Sink>
  void take(std::size_t& begin, std::size_t end, Sink& sink);

  /// Drops all records.
  void clear() noexcept {
    batches_ = {};
    prefixes_ = {};
    sorted_ = {};
    entries_ = {};
  }

private:
  static constexpr direction way = direction_of<K, Compare>;
  static constexpr bool prefixed = has_prefix<K, Compare>;
  static constexpr bool prefix_decides = [] {
    if constexpr (prefixed)
      return sort_prefix<K>::width != 0;
    else
      return false;
  }();

  // A key to compare: small ones by value, because looking each up costs more than the comparison.
  struct pointer_entry {
    pointer_entry(const K& k, std::size_t at) : key{&k}, position{at} {}
    const K& operator*() const noexcept { return *key; }
    const K* key;
    std::size_t position;
  };
  struct value_entry {
    value_entry(const K& k, std::size_t at) : key{k}, position{at} {}
    const K& operator*() const noexcept { return key; }
    K key;
    std::size_t position;
  };
  static constexpr bool small_key = sizeof(K) <= 16 && std::is_trivially_copyable_v<K> && std::is_copy_assignable_v<K>;
  using entry =
    typename std::conditional_t<small_key, std::type_identity<value_entry>, std::type_identity<pointer_entry>>::type;

  void resolve_ties();
  void resolve_tie(std::size_t begin, std::size_t end);
  void sort_entries(std::span<entry> entries) {
    merge_sort(entries, [this](const entry& a, const entry& b) { return order_(*a, *b); });
  }

  [[no_unique_address]] sort_order<K, Compare> order_;
  record_batches<T, K, !prefix_decides> batches_;
  growing_array<std::uint64_t> prefixes_;
  sorted_positions sorted_;
  growing_array<entry> entries_;
};

template <class T, class K, class Compare>
void indexed_run<T, K, Compare>::resolve_ties() {
  const std::size_t n = sorted_.size();
  for (std::size_t begin = 0, end = 0; begin != n; begin = end) {
    for (end = begin + 1; end != n && sorted_.ties_with_next(end - 1);)
      ++end;
    if (end - begin == 1)
      continue;
    const std::uint64_t prefix = sorted_.key(begin);
    if (!sort_prefix<K>::decides(way == direction::descending ? ~prefix : prefix))
      resolve_tie(begin, end);
  }
}

template <class T, class K, class Compare>
void indexed_run<T, K, Compare>::resolve_tie(std::size_t begin, std::size_t end) {
  using bytes = key_bytes<K>;
  const auto sorted_tie = [&] {
    if constexpr (bytes::available) {
      std::vector<tied_key> keys;
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

template <class T, class K, class Compare>
template <class Sink>
void indexed_run<T, K, Compare>::take(std::size_t& begin, std::size_t end, Sink& sink) {
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
  for (std::size_t i = begin; i != std::min(end, begin + ahead); ++i)
    ask(i);
  while (begin != end) {
    T* const record = coming[begin % ahead];
    if (begin + ahead < end)
      ask(begin + ahead);
    ++begin;
    sink(std::move(*record));
  }
  sorted_.discard_before(end);
  entries_.discard_before(end);
}

} // namespace crema::internal
