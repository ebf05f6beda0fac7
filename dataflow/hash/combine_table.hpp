#pragma once

#include "dataflow/block/footprint.hpp"
#include "dataflow/block/memory_budget.hpp"
#include "dataflow/hash/direct_layout.hpp"
#include "dataflow/hash/object_layout.hpp"
#include "dataflow/hash/pending_batch.hpp"
#include "dataflow/hash/slot_array.hpp"
#include "dataflow/hash/string_layout.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace crema::internal {

template <class K, class C>
using combine_layout =
  std::conditional_t<std::is_same_v<K, std::string>, string_layout<C>,
                     std::conditional_t<coded_key<K> && std::is_trivially_copyable_v<C> && sizeof(C) <= 128,
                                        direct_layout<K, C>, object_layout<K, C>>>;

template <class K, class Combiner>
class combine_table {
public:
  using value = typename Combiner::value;
  using combined = typename Combiner::combined;

  explicit combine_table(reservation memory = {}, Combiner combiner = {})
      : combiner_{std::move(combiner)}, memory_{std::move(memory)} {}

  combine_table(const combine_table&) = delete;
  combine_table& operator=(const combine_table&) = delete;
  ~combine_table() { end_entries(); }

  template <class Key>
  [[gnu::always_inline]] void add(Key&& key, value v) {
    put<mode::adding>(std::forward<Key>(key), std::move(v), adds_);
  }

  template <class Key>
  [[gnu::always_inline]] void merge(Key&& key, combined c) {
    put<mode::merging>(std::forward<Key>(key), std::move(c), merges_);
  }

  void flush() {
    if (!adds_.empty())
      apply_all<mode::adding>(adds_);
    if (!merges_.empty())
      apply_all<mode::merging>(merges_);
  }

  bool full() const noexcept { return full_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity_bytes() const noexcept { return slots_.bytes() + heap_bytes(); }

  template <class F>
  bool drain(std::size_t max, F&& f) {
    begin_drain();
    return walk(max, [&](slot& s) { layout::emit(s, f); });
  }

  template <class F>
  bool drain_hashed(std::size_t max, F&& f) {
    begin_drain();
    return walk(max, [&](slot& s) {
      layout::emit(s, [&, hash = layout::hash(s)](auto&& key, combined&& c) {
        f(std::forward<decltype(key)>(key), hash, std::move(c));
      });
    });
  }

  void sort_by_hash() {
    begin_drain();
    assert(cursor_ == 0);
    auto* end = slots_.begin();
    for (auto& s : slots_)
      if (!layout::vacant(s))
        move_slot(s, *end++);
    if (has_outsider_) {
      move_slot(outsider_, *end++);
      has_outsider_ = false;
    }
    std::sort(slots_.begin(), end, [](const slot& a, const slot& b) { return layout::hash(a) < layout::hash(b); });
    sorted_ = true;
  }

  void clear() noexcept {
    adds_.clear();
    merges_.clear();
    if (size_ != 0) {
      end_entries();
      slots_.zero();
    }
    become_empty();
  }

  void release() noexcept {
    clear();
    slots_ = {};
    layout_.release();
    charged_ = 0;
    memory_.resize(0);
  }

private:
  using layout = combine_layout<K, combined>;
  using slot = typename layout::slot;
  /// Two batches that take turns: while one fills, the slots of the other are on their way. A steady number of misses
  /// in flight beats asking for a whole batch and then applying it by a third.
  template <class Payload>
  struct pending_pair {
    pending_batch<typename layout::probe, Payload> halves[2];
    unsigned young = 0;

    bool empty() const noexcept { return halves[0].empty() && halves[1].empty(); }
    [[gnu::always_inline]] bool push(typename layout::probe&& probe, Payload&& payload) {
      return halves[young].push(std::move(probe), std::move(payload));
    }
    void clear() noexcept {
      halves[0].clear();
      halves[1].clear();
    }
  };
  template <class Batch>
  struct clearing {
    Batch& batch;
    ~clearing() { batch.clear(); }
  };
  enum class mode : std::uint8_t { starting, direct, adding, merging, draining };

  static constexpr std::size_t direct_bytes = std::size_t{256} << 10;
  static constexpr std::size_t minimum_bytes = std::size_t{64} << 10;
  static constexpr std::size_t first_capacity = std::max<std::size_t>(16, std::bit_floor(4096 / sizeof(slot)));

  static constexpr std::size_t soft_limit(std::size_t capacity) noexcept { return capacity / 8 * 5; }
  static constexpr std::size_t hard_limit(std::size_t capacity) noexcept { return capacity / 8 * 7; }

  template <mode Wanted, class Key, class Payload>
  [[gnu::always_inline]] void put(Key&& key, Payload&& payload, pending_pair<Payload>& pending) {
    for (;;) {
      if (mode_ == Wanted) {
        if (!layout_.has_room(key)) [[unlikely]]
          apply_all<Wanted>(pending);
        if (pending.push(to_probe(layout_.make_probe(std::forward<Key>(key))), std::move(payload)))
          turn<Wanted>(pending);
        return;
      }
      if (mode_ == mode::direct) {
        apply<Wanted>(layout_.make_probe(std::forward<Key>(key)), std::move(payload));
        layout_.end_batch();
        return;
      }
      start(Wanted, key);
    }
  }

  static typename layout::probe to_probe(typename layout::probe&& probe) { return std::move(probe); }
  template <class Borrowed>
  static typename layout::probe to_probe(const Borrowed& borrowed) {
    return {borrowed.hash, borrowed.key};
  }

  template <class Key>
  [[gnu::noinline]] void start(mode wanted, const Key& key) {
    assert(mode_ != mode::draining);
    flush();
    if (slots_.bytes() == 0) {
      slots_ = slot_array<slot>{first_capacity};
      limit_ = soft_limit(first_capacity);
      memory_.resize(capacity_bytes());
    }
    if (size_ == 0) {
      if constexpr (std::is_same_v<std::remove_cvref_t<Key>, string_words>)
        mixer_ = mixer{crema::key_hash(key.view())};
      else
        mixer_ = mixer{crema::key_hash(key)};
    }
    mode_ = slots_.bytes() <= direct_bytes ? mode::direct : wanted;
  }

  /// Asks for the slots of the batch that is full and applies the one before it, whose slots have arrived.
  template <mode Doing, class Payload>
  [[gnu::noinline]] void turn(pending_pair<Payload>& pending) {
    auto& young = pending.halves[pending.young];
    auto& old = pending.halves[pending.young ^ 1];
    const clearing guard{old};
    prefetch_entries(old);
    auto next = young.begin();
    for (auto& item : old) {
      prefetch_slot((next++)->probe);
      apply<Doing>(std::move(item.probe), std::move(item.payload));
    }
    for (; next != young.end(); ++next)
      prefetch_slot(next->probe);
    pending.young ^= 1;
  }

  template <mode Doing, class Payload>
  [[gnu::noinline]] void apply_all(pending_pair<Payload>& pending) {
    const clearing guard{pending};
    for (auto* half : {&pending.halves[pending.young ^ 1], &pending.halves[pending.young]}) {
      for (const auto& item : *half)
        prefetch_slot(item.probe);
      prefetch_entries(*half);
      for (auto& item : *half)
        apply<Doing>(std::move(item.probe), std::move(item.payload));
    }
    layout_.end_batch();
  }

  void prefetch_slot(const typename layout::probe& probe) const noexcept {
    const auto* s = &slots_[slots_.home(layout::mix(mixer_, probe))];
    __builtin_prefetch(s, 1);
    if constexpr (64 % sizeof(slot) != 0)
      __builtin_prefetch(reinterpret_cast<const std::byte*>(s + 1) - 1, 1);
  }

  template <class Batch>
  void prefetch_entries(Batch& batch) const noexcept {
    if constexpr (layout::follows_pointers)
      for (const auto& item : batch)
        layout::prefetch(slots_[slots_.home(layout::mix(mixer_, item.probe))]);
  }

  template <mode Doing, class Probe, class Payload>
  [[gnu::always_inline]] void apply(Probe&& probe, Payload&& payload) {
    if constexpr (layout::has_outsider) {
      if (layout::outsider(probe)) [[unlikely]]
        return apply_outsider<Doing>(probe, std::move(payload));
    }
    auto at = slots_.home(layout::mix(mixer_, probe));
    for (;; at = slots_.next(at)) {
      auto& s = slots_[at];
      if (layout::matches(s, probe))
        return combine<Doing>(layout::value(s), std::move(payload));
      if (layout::vacant(s))
        break;
    }
    if (size_ >= limit_) [[unlikely]]
      at = make_room(layout::mix(mixer_, probe));
    create<Doing>(slots_[at], std::forward<Probe>(probe), std::move(payload));
  }

  template <mode Doing, class Probe, class Payload>
  [[gnu::noinline]] void apply_outsider(const Probe& probe, Payload&& payload) {
    if (has_outsider_)
      return combine<Doing>(layout::value(outsider_), std::move(payload));
    create<Doing>(outsider_, probe, std::move(payload));
    has_outsider_ = true;
  }

  template <mode Doing, class Payload>
  void combine(combined& c, Payload&& payload) {
    if constexpr (Doing == mode::adding)
      combiner_.merge_value(c, std::move(payload));
    else
      combiner_.merge_combined(c, std::move(payload));
  }

  template <mode Doing, class Probe, class Payload>
  void create(slot& s, Probe&& probe, Payload&& payload) {
    layout_.claim(s, std::forward<Probe>(probe), [&]() -> combined {
      if constexpr (Doing == mode::adding)
        return combiner_.create(std::move(payload));
      else
        return std::move(payload);
    });
    ++size_;
  }

  [[gnu::noinline]] std::size_t make_room(std::uint64_t hash) {
    if (full_ || !grow(false)) {
      full_ = true;
      limit_ = hard_limit(slots_.capacity());
      if (size_ >= limit_)
        grow(true);
    }
    auto at = slots_.home(hash);
    while (!layout::vacant(slots_[at]))
      at = slots_.next(at);
    return at;
  }

  bool grow(bool forced) {
    const auto capacity = slots_.capacity() * (slots_.bytes() < minimum_bytes ? 4 : 2);
    const auto both = capacity_bytes() + page_buffer_capacity(capacity * sizeof(slot));
    if (forced || both <= 2 * minimum_bytes)
      memory_.resize(both);
    else if (!memory_.try_resize(both))
      return false;
    slot_array<slot> larger{capacity};
    for (const auto& s : slots_) {
      if (layout::vacant(s))
        continue;
      auto at = larger.home(layout::mix(mixer_, s));
      while (!layout::vacant(larger[at]))
        at = larger.next(at);
      larger[at] = s;
    }
    slots_ = std::move(larger);
    memory_.resize(capacity_bytes());
    limit_ = full_ ? hard_limit(capacity) : soft_limit(capacity);
    if (mode_ == mode::direct && slots_.bytes() > direct_bytes)
      mode_ = mode::starting;
    return true;
  }

  static void move_slot(slot& from, slot& to) noexcept {
    if (&from == &to)
      return;
    to = from;
    std::memset(static_cast<void*>(&from), 0, sizeof from);
  }

  void begin_drain() {
    if (mode_ == mode::draining)
      return;
    flush();
    mode_ = mode::draining;
    cursor_ = 0;
  }

  template <class Emit>
  bool walk(std::size_t max, Emit&& emit) {
    for (; max > 0 && size_ > 0; --max) {
      if (has_outsider_) {
        emit(outsider_);
        has_outsider_ = false;
      } else {
        while (!sorted_ && layout::vacant(slots_[cursor_]))
          ++cursor_;
        auto& s = slots_[cursor_];
        emit(s);
        layout::end(s);
        std::memset(static_cast<void*>(&s), 0, sizeof s);
        ++cursor_;
      }
      --size_;
    }
    if (size_ > 0)
      return true;
    become_empty();
    return false;
  }

  void end_entries() noexcept {
    if constexpr (layout::follows_pointers)
      for (auto& s : slots_)
        if (!layout::vacant(s))
          layout::end(s);
  }

  void become_empty() noexcept {
    layout_.clear();
    size_ = 0;
    has_outsider_ = false;
    sorted_ = false;
    full_ = false;
    limit_ = slots_.bytes() == 0 ? 0 : soft_limit(slots_.capacity());
    mode_ = mode::starting;
  }

  std::size_t heap_bytes() const noexcept { return layout_.heap_bytes(); }

  slot_array<slot> slots_;
  mixer mixer_;
  std::size_t size_ = 0;
  std::size_t limit_ = 0;
  mode mode_ = mode::starting;
  bool full_ = false;
  bool has_outsider_ = false;
  bool sorted_ = false;
  std::size_t cursor_ = 0;
  std::size_t charged_ = 0;
  layout layout_;
  [[no_unique_address]] Combiner combiner_;
  reservation memory_;
  slot outsider_{};
  pending_pair<value> adds_;
  pending_pair<combined> merges_;
};

} // namespace crema::internal
