#pragma once

#include "dataflow/hash/bump_arena.hpp"

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// A C inside a slot. Slots move by memcpy, so C must allow that.
template <class C>
class inline_cell {
public:
  static constexpr bool in_arena = false;

  template <class Make>
  void fill(bump_arena&, Make&& make) {
    ::new (static_cast<void*>(bytes_)) C(make());
  }
  C& get() noexcept { return *std::launder(reinterpret_cast<C*>(bytes_)); }
  void end() noexcept {}
  void prefetch() const noexcept {}

private:
  alignas(C) std::byte bytes_[sizeof(C)];
};

/// A C that says nothing, as `distinct` has it: takes no room.
template <class C>
requires(std::is_empty_v<C>&& std::is_trivial_v<C>) class inline_cell<C> {
public:
  static constexpr bool in_arena = false;

  template <class Make>
  void fill(bump_arena&, Make&& make) {
    static_cast<void>(make());
  }
  C& get() noexcept {
    static C any;
    return any;
  }
  void end() noexcept {}
  void prefetch() const noexcept {}
};

/// A T in the arena: it stays where it is while slots move, so it may be large, move-only, or throw when it moves.
template <class T>
class arena_cell {
public:
  static constexpr bool in_arena = true;

  template <class Make>
  void fill(bump_arena& arena, Make&& make) {
    static_assert(alignof(T) <= 64, "types aligned beyond a cache line cannot be combined");
    where_ = ::new (static_cast<void*>(arena.allocate(sizeof(T), alignof(T)))) T(make());
  }
  T& get() const noexcept { return *where_; }
  bool empty() const noexcept { return where_ == nullptr; }
  void end() noexcept { where_->~T(); }
  [[gnu::always_inline]] void prefetch() const noexcept { __builtin_prefetch(where_); }

private:
  T* where_;
};

} // namespace crema::internal
