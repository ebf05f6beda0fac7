#pragma once

#include "dataflow/block/memory_budget.hpp"
#include "dataflow/hash/hash_bits.hpp"
#include "dataflow/hash/mixer.hpp"
#include "dataflow/hash/slot_array.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace crema::internal {

/// The slots of a `combine_table` and the memory behind them: finding, growing, emptying. The layout says what a slot
/// is (direct_layout, string_layout, object_layout); `combine_table` says when slots are asked for.
///
/// Linear probing up to a load of 5/8. Where the budget refuses a larger array the table is `full()` and still takes
/// keys up to 7/8; what comes after that is taken by force. User code runs only in the callbacks, and slots move by
/// memcpy, so nothing can throw while entries are under way.
template <class Layout>
class slot_table {
public:
  using slot = typename Layout::slot;
  using probe = typename Layout::probe;

  explicit slot_table(reservation memory) noexcept : memory_{std::move(memory)} {}
  slot_table(const slot_table&) = delete;
  slot_table& operator=(const slot_table&) = delete;
  ~slot_table() { end_entries(); }

  std::size_t size() const noexcept { return size_; }
  bool full() const noexcept { return full_; }
  std::size_t slot_bytes() const noexcept { return slots_.bytes(); }
  std::size_t room() const noexcept { return std::max(hard_limit(slots_.capacity()), size_) - size_; }
  std::size_t capacity_bytes() const noexcept { return slots_.bytes() + heap_bytes(); }
  Layout& layout() noexcept { return layout_; }
  const Layout& layout() const noexcept { return layout_; }

  /// Must come before the first key of an empty table.
  void begin(std::uint64_t seed) {
    if (slots_.bytes() == 0) {
      slots_ = slot_array<slot>{first_capacity};
      limit_ = soft_limit(first_capacity);
      memory_.resize(slots_.bytes() + charged_);
    }
    mixer_ = mixer{seed};
  }

  /// What finds the key's slot until the table is empty.
  template <class Probe>
  [[gnu::always_inline]] std::uint64_t hash(const Probe& key) const noexcept {
    return Layout::mix(mixer_, key);
  }

  [[gnu::always_inline]] void prefetch_slot(std::uint64_t hash) const noexcept {
    const auto* s = &slots_[slots_.home(hash)];
    __builtin_prefetch(s, 1);
    if constexpr (64 % sizeof(slot) != 0)
      __builtin_prefetch(reinterpret_cast<const std::byte*>(s + 1) - 1, 1);
  }

  /// Prefetches what the slot points to; worth it when the slot itself has arrived.
  [[gnu::always_inline]] void prefetch_entry([[maybe_unused]] std::uint64_t hash) const noexcept {
    if constexpr (Layout::follows_pointers)
      Layout::prefetch(slots_[slots_.home(hash)]);
  }

  /// Calls `found(C&)` where the key of that `hash` is, else enters it with the C that `make()` returns.
  template <class Probe, class Found, class Make>
  [[gnu::always_inline]] void upsert(Probe&& key, std::uint64_t hash, Found&& found, Make&& make) {
    if constexpr (Layout::has_outsider) {
      if (Layout::outsider(key)) [[unlikely]]
        return upsert_outsider(key, found, make);
    }
    auto at = slots_.home(hash);
    for (;; at = slots_.next(at)) {
      auto& s = slots_[at];
      if (Layout::matches(s, key))
        return found(Layout::value(s));
      if (Layout::vacant(s))
        break;
    }
    if (size_ >= limit_) [[unlikely]]
      at = make_room(hash);
    layout_.claim(slots_[at], std::forward<Probe>(key), make);
    ++size_;
    if constexpr (Layout::owns_heap)
      if (heap_bytes() > charged_) [[unlikely]]
        charge();
  }

  /// Counts by how much an entry grew after it came; a negative difference wraps.
  void count_growth(std::size_t bytes) noexcept {
    growth_ += bytes;
    if (heap_bytes() > charged_) [[unlikely]]
      charge();
  }

  /// Calls `emit(slot)` for at most `max` entries, which then leave; true while some remain.
  template <class Emit>
  bool drain(std::size_t max, Emit&& emit) {
    for (; max > 0 && size_ > 0; --max) {
      if (has_outsider_ && size_ == 1) { // last, because it is likely to have come first: see mixer
        emit(outsider_);
        has_outsider_ = false;
      } else {
        auto& s = next_entry();
        emit(s);
        Layout::end(s);
        erase(s);
        ++cursor_;
      }
      --size_;
    }
    slots_.discard_before(cursor_);
    if (size_ > 0)
      return true;
    become_empty();
    return false;
  }

  /// Puts the entries in the order of `mix64` of their key hashes, in place. Then the table can only be drained.
  void sort_by_hash() {
    auto* end = slots_.begin();
    for (auto& s : slots_)
      if (!Layout::vacant(s))
        move_slot(s, *end++);
    if (has_outsider_) {
      move_slot(outsider_, *end++);
      has_outsider_ = false;
    }
    std::sort(slots_.begin(), end,
              [](const slot& a, const slot& b) { return mix64(Layout::hash(a)) < mix64(Layout::hash(b)); });
    cursor_ = 0;
    sorted_ = true;
  }

  void clear() noexcept {
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
    limit_ = 0;
    charged_ = 0;
    memory_.resize(0);
  }

private:
  static constexpr std::size_t granted_bytes = std::size_t{64} << 10; // never refused: without it nothing moves
  static constexpr std::size_t first_capacity = std::max<std::size_t>(16, std::bit_floor(4096 / sizeof(slot)));

  static constexpr std::size_t soft_limit(std::size_t capacity) noexcept { return capacity / 8 * 5; }
  static constexpr std::size_t hard_limit(std::size_t capacity) noexcept { return capacity / 8 * 7; }

  static void erase(slot& s) noexcept { std::memset(static_cast<void*>(&s), 0, sizeof s); }
  static void move_slot(slot& from, slot& to) noexcept {
    if (&from != &to) {
      to = from;
      erase(from);
    }
  }

  slot& next_entry() noexcept {
    while (!sorted_ && Layout::vacant(slots_[cursor_]))
      ++cursor_;
    if constexpr (Layout::follows_pointers)
      Layout::prefetch(slots_[std::min(cursor_ + 16, slots_.capacity() - 1)]);
    return slots_[cursor_];
  }

  template <class Found, class Make>
  [[gnu::noinline]] void upsert_outsider(const probe& key, Found& found, Make& make) {
    if (has_outsider_)
      return found(Layout::value(outsider_));
    layout_.claim(outsider_, key, make);
    has_outsider_ = true;
    ++size_;
  }

  /// A vacant slot for `hash` in a table that has reached its limit.
  [[gnu::noinline]] std::size_t make_room(std::uint64_t hash) {
    if (full_ || !grow(false)) {
      full_ = true;
      limit_ = hard_limit(slots_.capacity());
      if (size_ >= limit_)
        grow(true);
    }
    auto at = slots_.home(hash);
    while (!Layout::vacant(slots_[at]))
      at = slots_.next(at);
    return at;
  }

  bool grow(bool forced) {
    const std::size_t factor = slots_.bytes() < granted_bytes ? 4 : 2;
    const auto bytes = factor * slots_.bytes();
    if (forced || bytes <= granted_bytes)
      memory_.resize(bytes + charged_);
    else if (!memory_.try_resize(bytes + charged_))
      return false;
    slots_.grow(
      factor, [this](const slot& s) { return Layout::mix(mixer_, s); },
      [](const slot& s) { return Layout::vacant(s); });
    limit_ = full_ ? hard_limit(slots_.capacity()) : soft_limit(slots_.capacity());
    return true;
  }

  std::size_t heap_bytes() const noexcept { return layout_.heap_bytes() + growth_; }

  [[gnu::noinline]] void charge() noexcept {
    charged_ = heap_bytes() + heap_bytes() / 16; // ahead of need, or every small string would ask the budget
    const auto total = slots_.bytes() + charged_;
    if (total <= granted_bytes || memory_.try_resize(total))
      return;
    memory_.resize(total);
    full_ = true;
  }

  void end_entries() noexcept {
    if constexpr (Layout::follows_pointers)
      for (auto& s : slots_)
        if (!Layout::vacant(s))
          Layout::end(s);
  }

  void become_empty() noexcept {
    layout_.clear();
    growth_ = 0;
    charged_ = layout_.heap_bytes();
    memory_.resize(slots_.bytes() + charged_);
    size_ = 0;
    cursor_ = 0;
    has_outsider_ = false;
    sorted_ = false;
    full_ = false;
    limit_ = slots_.bytes() == 0 ? 0 : soft_limit(slots_.capacity());
  }

  slot_array<slot> slots_;
  mixer mixer_;
  std::size_t size_ = 0;
  std::size_t limit_ = 0;   // the size at which to grow
  std::size_t growth_ = 0;  // of entries since they came
  std::size_t charged_ = 0; // reserved beside the slots
  std::size_t cursor_ = 0;  // where drain goes on
  bool full_ = false;
  bool sorted_ = false; // entries lie without gaps at the front
  bool has_outsider_ = false;
  slot outsider_{};
  Layout layout_;
  reservation memory_;
};

} // namespace crema::internal
