#pragma once

#include "dataflow/block/memory_budget.hpp"
#include "dataflow/hash/combine_layout.hpp"
#include "dataflow/hash/pending_batch.hpp"
#include "dataflow/hash/quick_footprint.hpp"
#include "dataflow/hash/radix_table.hpp"
#include "dataflow/hash/slot_table.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// In the place of a `radix_table` where rows are never scattered.
struct no_rows {
  static constexpr bool begun() noexcept { return false; }
  static constexpr bool full() noexcept { return false; }
  static constexpr std::size_t size() noexcept { return 0; }
  static constexpr std::size_t capacity_bytes() noexcept { return 0; }
  static void sort_by_hash() noexcept {}
  static void clear() noexcept {}
  static void release() noexcept {}
};

/// Combines the values of each key: the table under reduce_by_key, aggregate_by_key, count_by_key and distinct.
///
///     struct sum {
///       using value = long;    // what the map side adds
///       using combined = long; // what is kept for each key, and what the reduce side merges
///       combined create(value&& v) const { return v; }
///       void merge_value(combined& c, value&& v) const { c += v; }
///       void merge_combined(combined& c, combined&& other) const { c += other; }
///     };
///     combine_table<std::string, sum> counts{reservation{budget}};
///     for (std::string_view word : words_of(block))
///       counts.add(word, 1);
///     if (counts.full())
///       while (counts.drain(10'000, [&](std::string_view word, long&& n) { send(word, n); })) {
///       }
///
/// Keys. Of K = std::string a key is given as a std::string_view that lives as long as the call (or as `string_words`,
/// if the caller has them); numbers by value; anything else as K&&, const K& or a borrowed form that hashes alike, such
/// as a pair with a std::string_view for the std::string, and it is copied only when it must be. -0.0 is 0.0, and NaN
/// is one key. Values of one key are combined in the order in which they were given.
///
/// Batches. Keys wait in small batches for their slots to arrive from memory; those that are dear to copy only in a
/// table beyond the second-level cache. So `full()` may lag some 60 keys behind. Many plain keys with plain C of
/// together up to 64 bytes wait in large batches (`radix_table`), and there a key's second value is no longer given to
/// `merge_value`, but created and merged. Until `flush()` what waits counts as one key for each value in `size()`;
/// `drain` flushes by itself.
///
/// Memory. A table takes every key. When its reservation refuses growth (beyond 64 KiB of slots, which are always
/// granted) it becomes `full()` and grows by force only: ask after each block of input, then drain it to the exchange
/// or into a spill run and go on; an empty table keeps its memory and is not full. Counted are slots, long strings,
/// and what keys and C own (`footprint`; of a C that grows, strings and flat vectors and a type with `heap_bytes`).
///
/// Errors. User functions, `==`, `hash_value` and moves may throw: the exception passes through, nothing leaks, and
/// the table can be cleared or destroyed; which of the last values were combined is then unknown.
/// Not thread-safe. Entries leave in an order that depends on the input alone: the same in every run.
template <class K, class Combiner>
class combine_table {
public:
  using value = typename Combiner::value;
  using combined = typename Combiner::combined;

  explicit combine_table(reservation memory = {}, Combiner combiner = {})
      : combiner_{std::move(combiner)}, rows_{make_rows(memory)}, table_{std::move(memory)} {}

  /// Combines a value into the key's C.
  template <class Key>
  [[gnu::always_inline]] void add(Key&& key, value v) {
    put<mode::adding>(std::forward<Key>(key), std::move(v), adds_);
  }

  /// Combines a C into the key's C.
  template <class Key>
  [[gnu::always_inline]] void merge(Key&& key, combined c) {
    put<mode::merging>(std::forward<Key>(key), std::move(c), merges_);
  }

  /// `add` and `merge` of the pairs from `first` to `last` (random access). Through a std::move_iterator they are moved
  /// from. For numbers a third faster than one by one.
  template <class Iterator>
  void add_range(Iterator first, Iterator last) {
    put_range<mode::adding>(first, last, adds_);
  }
  template <class Iterator>
  void merge_range(Iterator first, Iterator last) {
    put_range<mode::merging>(first, last, merges_);
  }

  /// Applies what still waits.
  void flush() {
    apply_batches();
    if constexpr (layout::scatters)
      rows_.flush();
  }

  /// Whether growth was refused since the table was last empty.
  bool full() const noexcept { return table_.full() || rows_.full(); }

  /// The number of different keys; each that still waits counts for one, so 0 means that nothing is here at all.
  std::size_t size() const noexcept { return table_.size() + rows_.size() + adds_.size() + merges_.size(); }

  /// New keys that can come before the table should be asked whether it is full. Scattered rows ask for memory in large
  /// pieces, so they need not be asked often.
  std::size_t room() const noexcept { return rows_.begun() ? std::size_t{64} << 10 : table_.room(); }

  /// Bytes held, with what entries own.
  std::size_t capacity_bytes() const noexcept { return table_.capacity_bytes() + rows_.capacity_bytes(); }

  /// Calls `f(key, C&&)` for up to `max` entries, which leave the table; the key is a string_view for the call, K for
  /// numbers, else K&&. True while entries remain; once begun, a drain must end (or `clear`) before the next `add`.
  /// An entry for which `f` throws stays.
  template <class F>
  bool drain(std::size_t max, F&& f) {
    begin_drain();
    return drain_slots(max, [&](slot& s) { layout::emit(s, f); });
  }

  /// The same with `f(key, key_hash(key), C&&)`, which is cheaper than to hash again.
  template <class F>
  bool drain_hashed(std::size_t max, F&& f) {
    begin_drain();
    return drain_slots(max, [&](slot& s) {
      layout::emit(s, [&, hash = layout::hash(s)](auto&& key, combined&& c) {
        f(std::forward<decltype(key)>(key), hash, std::move(c));
      });
    });
  }

  /// Makes the drain that follows go by ascending `mix64(key_hash)`, as spill runs want it, for n log n hashes.
  void sort_by_hash() {
    begin_drain();
    table_.sort_by_hash();
    rows_.sort_by_hash();
  }

  /// Drops all entries and keeps the memory.
  void clear() noexcept {
    adds_.clear();
    merges_.clear();
    rows_.clear();
    table_.clear();
    mode_ = mode::starting;
  }

  /// Drops all entries and gives the memory back.
  void release() noexcept {
    clear();
    rows_.release();
    table_.release();
  }

private:
  using layout = typename combine_layout<K, combined>::type;
  using slot = typename layout::slot;
  using probe = typename layout::probe;
  using rows = std::conditional_t<layout::scatters, radix_table<layout, Combiner>, no_rows>;
  enum class mode : std::uint8_t { starting, direct, adding, merging, scattering, draining };

  // While the slots stay in the second-level cache, keys that are dear to copy do not wait.
  static constexpr std::size_t direct_bytes = std::is_trivially_copyable_v<probe> ? 0 : std::size_t{256} << 10;
  // From here on probing slots takes longer than scattering rows and compacting them in turns.
  static constexpr std::size_t scatter_bytes = std::size_t{1} << 20;

  rows make_rows(const reservation& memory) const {
    if constexpr (layout::scatters)
      return {memory.another(), combiner_};
    else
      return {};
  }

  template <mode Doing, class Key, class Payload>
  [[gnu::always_inline]] void put(Key&& key, Payload&& payload, pending_pair<probe, Payload>& pending) {
    if (!ready<Doing>(key)) [[unlikely]]
      prepare<Doing>(key, pending);
    if constexpr (layout::scatters)
      if (mode_ == mode::scattering)
        return rows_.add(layout::make_probe(key), [&] { return make<Doing>(std::forward<Payload>(payload)); });
    if constexpr (direct_bytes != 0) {
      if (mode_ == mode::direct) {
        apply<Doing>(table_.layout().make_probe(std::forward<Key>(key)), std::forward<Payload>(payload));
        return after_direct();
      }
    }
    auto mine = own(table_.layout().make_probe(std::forward<Key>(key)));
    const auto hash = table_.hash(mine);
    if (pending.push(std::move(mine), hash, std::forward<Payload>(payload)))
      turn<Doing>(pending);
  }

  template <mode Doing, class Iterator, class Payload>
  void put_range(Iterator first, Iterator last, pending_pair<probe, Payload>& pending) {
    for (; first != last; ++first)
      put_pair<Doing>(*first, pending);
  }

  template <mode Doing, class Pair, class Payload>
  [[gnu::always_inline]] void put_pair(Pair&& pair, pending_pair<probe, Payload>& pending) {
    put<Doing>(std::forward<Pair>(pair).first, Payload(std::forward<Pair>(pair).second), pending);
  }

  static probe own(probe&& mine) { return std::move(mine); }
  template <class Borrowed>
  static probe own(const Borrowed& theirs) {
    return {theirs.hash, K(theirs.key)};
  }

  template <mode Doing, class Key>
  bool ready(const Key& key) const noexcept {
    return mode_ == Doing ? table_.layout().has_room(key) : mode_ == mode::direct || mode_ == mode::scattering;
  }

  /// Makes room for the key to wait, and chooses how to go on: when the table is empty, after a drain, and when adding
  /// turns to merging or back.
  template <mode Doing, class Key, class Payload>
  [[gnu::noinline]] void prepare(const Key& key, pending_pair<probe, Payload>& pending) {
    if (mode_ == Doing)
      return apply_all<Doing>(pending);
    assert(mode_ != mode::draining);
    apply_batches();
    if constexpr (layout::scatters)
      if (scatters()) {
        mode_ = mode::scattering;
        return;
      }
    if (table_.size() == 0)
      table_.begin(Doing == mode::merging ? ~layout::seed(key) : layout::seed(key));
    mode_ = table_.slot_bytes() <= direct_bytes ? mode::direct : Doing;
  }

  /// Whether rows are scattered from now on; what there is goes first.
  bool scatters() {
    if (rows_.begun())
      return true;
    if (table_.slot_bytes() < scatter_from_)
      return false;
    if (!rows_.begin()) {
      scatter_from_ = 2 * table_.slot_bytes();
      return false;
    }
    table_.drain(table_.size(), [this](slot& s) { rows_.add(s.key, [&] { return layout::value(s); }); });
    table_.release();
    return true;
  }

  void after_direct() noexcept {
    table_.layout().end_batch();
    if (table_.slot_bytes() > direct_bytes) [[unlikely]]
      mode_ = mode::starting;
  }

  template <mode Doing, class Payload>
  [[gnu::noinline]] void turn(pending_pair<probe, Payload>& pending) {
    pending.turn(ask(), arrived(), applying<Doing, Payload>());
    if constexpr (layout::scatters)
      if (table_.slot_bytes() >= scatter_from_) [[unlikely]]
        mode_ = mode::starting;
  }

  template <mode Doing, class Payload>
  [[gnu::noinline]] void apply_all(pending_pair<probe, Payload>& pending) {
    pending.finish(ask(), arrived(), applying<Doing, Payload>());
    table_.layout().end_batch();
  }

  // All that prefetches is inlined by force: gcc takes a function that does nothing else for one without effects, and
  // drops calls of it.
  auto ask() {
    return [this](std::uint64_t hash) __attribute__((always_inline)) {
      table_.prefetch_slot(hash);
    };
  }
  auto arrived() {
    return [this](std::uint64_t hash) __attribute__((always_inline)) {
      table_.prefetch_entry(hash);
    };
  }
  template <mode Doing, class Payload>
  auto applying() {
    return [this](probe && key, std::uint64_t hash, Payload && payload) __attribute__((always_inline)) {
      apply<Doing>(std::move(key), hash, std::move(payload));
    };
  }

  template <mode Doing, class Probe, class Payload>
  [[gnu::always_inline]] void apply(Probe&& key, Payload&& payload) {
    const auto hash = table_.hash(key);
    apply<Doing>(std::forward<Probe>(key), hash, std::forward<Payload>(payload));
  }

  template <mode Doing, class Probe, class Payload>
  [[gnu::always_inline]] void apply(Probe&& key, std::uint64_t hash, Payload&& payload) {
    table_.upsert(
      std::forward<Probe>(key), hash, [&](combined& c) { combine<Doing>(c, std::forward<Payload>(payload)); },
      [&] { return make<Doing>(std::forward<Payload>(payload)); });
  }

  template <mode Doing, class Payload>
  [[gnu::always_inline]] combined make(Payload&& payload) {
    if constexpr (Doing == mode::adding)
      return combiner_.create(std::forward<Payload>(payload));
    else
      return std::forward<Payload>(payload);
  }

  template <mode Doing, class Payload>
  [[gnu::always_inline]] void combine(combined& c, Payload&& payload) {
    constexpr bool grows = has_quick_footprint<combined>() && !flat_record<combined>;
    std::size_t before = 0;
    if constexpr (grows)
      before = footprint(c);
    if constexpr (Doing == mode::adding)
      combiner_.merge_value(c, std::forward<Payload>(payload));
    else
      combiner_.merge_combined(c, std::forward<Payload>(payload));
    if constexpr (grows)
      table_.count_growth(footprint(c) - before);
  }

  void apply_batches() {
    if (adds_.size() != 0)
      apply_all<mode::adding>(adds_);
    if (merges_.size() != 0)
      apply_all<mode::merging>(merges_);
  }

  void begin_drain() {
    if (mode_ == mode::draining)
      return;
    apply_batches();
    mode_ = mode::draining;
  }

  template <class Emit>
  bool drain_slots(std::size_t max, Emit emit) {
    bool more = false;
    if constexpr (layout::scatters)
      more = rows_.begun() ? rows_.drain(max, emit) : table_.drain(max, emit);
    else
      more = table_.drain(max, emit);
    if (!more)
      mode_ = mode::starting;
    return more;
  }

  [[no_unique_address]] Combiner combiner_;
  mode mode_ = mode::starting;
  std::size_t scatter_from_ = scatter_bytes; // later where memory is short
  [[no_unique_address]] rows rows_;          // holds everything once it has begun
  slot_table<layout> table_;
  pending_pair<probe, value> adds_;
  pending_pair<probe, combined> merges_;
};

} // namespace crema::internal
