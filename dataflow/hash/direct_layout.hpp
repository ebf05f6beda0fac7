#pragma once

#include "dataflow/hash/key_code.hpp"
#include "dataflow/hash/key_hash.hpp"
#include "dataflow/hash/mixer.hpp"
#include "dataflow/hash/slot_cell.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// Slots for keys that are numbers and for small, plain C: {code, C} and not a bit more.
///
/// A code of zero marks an empty slot, so the one key that has it lives beside the slots.
template <class K, class C>
class direct_layout {
public:
  using probe = typename key_code<K>::type;
  struct slot {
    probe key;
    [[no_unique_address]] inline_cell<C> cell;
  };
  static constexpr bool has_outsider = true;
  static constexpr bool follows_pointers = false;
  static constexpr bool owns_heap = false;
  static constexpr bool scatters = sizeof(slot) <= 64; // cheap to write twice: see radix_table

  static std::uint64_t seed(K key) noexcept { return crema::key_hash(key); }
  static probe make_probe(K key) noexcept { return key_code<K>::encode(key); }
  static bool outsider(const probe& key) noexcept { return key == probe{}; }

  static std::uint64_t mix(const mixer& spread, const probe& key) noexcept {
    if constexpr (std::is_same_v<probe, two_words>)
      return spread(key.low, key.high);
    else
      return spread(key);
  }
  static std::uint64_t mix(const mixer& spread, const slot& s) noexcept { return mix(spread, s.key); }

  static bool vacant(const slot& s) noexcept { return s.key == probe{}; }
  static bool matches(const slot& s, const probe& key) noexcept { return s.key == key; }

  template <class Make>
  void claim(slot& s, const probe& key, Make&& make) {
    s.cell.fill(arena_, std::forward<Make>(make));
    s.key = key;
  }

  static std::uint64_t hash(const probe& key) { return crema::key_hash(key_code<K>::decode(key)); }
  static std::uint64_t hash(const slot& s) { return hash(s.key); }

  /// Calls `f(key, C&&)`.
  template <class F>
  static void emit(slot& s, F&& f) {
    f(key_code<K>::decode(s.key), std::move(s.cell.get()));
  }

  static void prefetch(const slot&) noexcept {}
  static void end(slot&) noexcept {}
  static C& value(slot& s) noexcept { return s.cell.get(); }
  static constexpr bool has_room(const K&) noexcept { return true; }
  static void end_batch() noexcept {}
  static constexpr std::size_t heap_bytes() noexcept { return 0; }
  static void clear() noexcept {}
  static void release() noexcept {}

private:
  bump_arena arena_; // never used: what cells of another kind need
};

} // namespace crema::internal
