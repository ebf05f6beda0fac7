#pragma once

#include "dataflow/block/growing_pages.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace crema::internal {

/// A power of two of slots, vacant where all bytes are zero, for linear probing: the high bits of a hash say where to
/// begin. It grows in its place, so there are never more slots than it has in the end.
template <class Slot>
class slot_array {
  static_assert(std::is_trivially_copyable_v<Slot>);

public:
  slot_array() noexcept = default;

  /// `capacity` vacant slots; a power of two and at least 2.
  explicit slot_array(std::size_t capacity) {
    resize(capacity);
    zero();
  }

  void zero() noexcept { zero(0, bytes() / sizeof(Slot)); }

  std::size_t capacity() const noexcept { return mask_ + 1; }
  std::size_t bytes() const noexcept { return pages_.data() == nullptr ? 0 : capacity() * sizeof(Slot); }

  std::size_t home(std::uint64_t hash) const noexcept { return hash >> shift_; }
  std::size_t next(std::size_t at) const noexcept { return (at + 1) & mask_; }
  Slot& operator[](std::size_t at) const noexcept { return begin()[at]; }
  Slot* begin() const noexcept { return reinterpret_cast<Slot*>(pages_.data()); }
  Slot* end() const noexcept { return begin() + bytes() / sizeof(Slot); }

  /// Becomes `factor` times as large, a power of two, and enters each slot where `hash(slot)` is looked for, those of
  /// one home in their order. At least one slot must be vacant. Throws std::bad_alloc and is unchanged then.
  template <class Hash, class Vacant>
  void grow(std::size_t factor, Hash hash, Vacant vacant) {
    const auto before = capacity();
    const auto from_the_end = wrapped(hash, vacant);
    resize(before * factor);
    zero(before, capacity() - before);
    // The homes of a run of entries become `factor` times where it begins, and more: all behind it, if it is not near
    // to the front. So runs move one by one, the last first, to where nothing waits for its turn any more.
    auto last = before;
    for (;;) {
      while (last != 0 && vacant((*this)[last - 1]))
        --last;
      auto first = last;
      while (first != 0 && !vacant((*this)[first - 1]))
        --first;
      if (last >= factor * first)
        break;
      for (auto at = first; at != last; ++at)
        enter(take(at), hash, vacant);
      last = first;
    }
    // What is near to the front goes to the end of what becomes its place, and comes back from there.
    const auto waiting = (factor - 1) * last;
    std::memmove(static_cast<void*>(begin() + waiting), begin(), last * sizeof(Slot));
    zero(0, waiting);
    for (std::size_t i = 0; i != last; ++i)
      if (const auto entry = take(waiting + i); !vacant(entry) && home(hash(entry)) < factor * (i + 1))
        enter(entry, hash, vacant);
    for (const auto& entry : from_the_end)
      enter(entry, hash, vacant);
  }

  /// Gives the memory of slots in front of `at` back; they must be vacant and remain so.
  void discard_before(std::size_t at) noexcept { pages_.discard_before(at * sizeof(Slot)); }

private:
  void resize(std::size_t capacity) {
    pages_.grow(capacity * sizeof(Slot));
    mask_ = capacity - 1;
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(capacity));
  }

  /// The entries at the front whose homes are at the end.
  template <class Hash, class Vacant>
  std::vector<Slot> wrapped(Hash& hash, Vacant& vacant) const {
    std::vector<Slot> found;
    for (std::size_t at = 0; !vacant((*this)[at]); ++at)
      if (home(hash((*this)[at])) > at)
        found.push_back((*this)[at]);
    return found;
  }

  [[gnu::always_inline]] Slot take(std::size_t at) noexcept {
    const auto entry = (*this)[at];
    std::memset(static_cast<void*>(begin() + at), 0, sizeof(Slot));
    return entry;
  }

  template <class Hash, class Vacant>
  [[gnu::always_inline]] void enter(const Slot& entry, Hash& hash, Vacant& vacant) noexcept {
    auto at = home(hash(entry));
    while (!vacant((*this)[at]))
      at = next(at);
    (*this)[at] = entry;
  }

  void zero(std::size_t at, std::size_t n) noexcept {
    if (n != 0)
      std::memset(static_cast<void*>(begin() + at), 0, n * sizeof(Slot));
  }

  growing_pages pages_;
  std::size_t mask_ = 0;
  unsigned shift_ = 63;
};

} // namespace crema::internal
