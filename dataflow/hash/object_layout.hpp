#pragma once

#include "dataflow/block/footprint.hpp"
#include "dataflow/hash/key_hash.hpp"
#include "dataflow/hash/mixer.hpp"
#include "dataflow/hash/same_key.hpp"
#include "dataflow/hash/slot_cell.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace crema::internal {

/// Slots for everything else: the key's hash and a pointer to {K, C}, which stays where it is.
template <class K, class C>
class object_layout {
  struct entry {
    K key;
    C value;
  };

public:
  struct probe {
    std::uint64_t hash;
    K key;
  };
  /// A probe that still belongs to the caller, perhaps with views of its text: made a K only when it is new.
  template <class Key>
  struct borrowed_probe {
    std::uint64_t hash;
    const Key& key;
  };
  struct slot {
    std::uint64_t hash;
    arena_cell<entry> cell;
  };
  static constexpr bool has_outsider = false;
  static constexpr bool follows_pointers = true;
  static constexpr bool owns_heap = true;
  static constexpr bool scatters = false;

  template <class Key>
  static std::uint64_t seed(const Key& key) {
    return crema::key_hash(key);
  }
  static probe make_probe(K&& key) {
    const auto hash = crema::key_hash(key);
    return {hash, std::move(key)};
  }
  template <class Key>
  static borrowed_probe<Key> make_probe(const Key& key) {
    return {crema::key_hash(key), key};
  }

  template <class Probe>
  static std::uint64_t mix(const mixer& spread, const Probe& holder) noexcept {
    return spread(holder.hash);
  }

  template <class Key>
  static constexpr bool has_room(const Key&) noexcept {
    return true;
  }

  template <class Probe>
  static constexpr bool outsider(const Probe&) noexcept {
    return false;
  }

  static bool vacant(const slot& s) noexcept { return s.cell.empty(); }

  template <class Probe>
  static bool matches(const slot& s, const Probe& wanted) {
    return s.hash == wanted.hash && !s.cell.empty() && same_key(s.cell.get().key, wanted.key);
  }

  template <class Probe, class Make>
  void claim(slot& s, Probe&& wanted, Make&& make) {
    s.cell.fill(arena_, [&] { return entry{K(std::forward<Probe>(wanted).key), make()}; });
    s.hash = wanted.hash;
    owned_ += footprint(s.cell.get().key) + footprint(s.cell.get().value);
  }

  static std::uint64_t hash(const slot& s) noexcept { return s.hash; }

  /// Calls `f(K&&, C&&)`.
  template <class F>
  static void emit(slot& s, F&& f) {
    f(std::move(s.cell.get().key), std::move(s.cell.get().value));
  }

  [[gnu::always_inline]] static void prefetch(const slot& s) noexcept { s.cell.prefetch(); }
  static void end(slot& s) noexcept { s.cell.end(); }
  static C& value(slot& s) noexcept { return s.cell.get().value; }

  void end_batch() noexcept {}
  std::size_t heap_bytes() const noexcept { return arena_.capacity_bytes() + owned_; }
  void clear() noexcept {
    arena_.clear();
    owned_ = 0;
  }
  void release() noexcept {
    clear();
    arena_.release();
  }

private:
  bump_arena arena_;
  std::size_t owned_ = 0; // by entries when they came
};

} // namespace crema::internal
