#pragma once

#include "dataflow/block/footprint.hpp"
#include "dataflow/hash/key_hash.hpp"
#include "dataflow/hash/mixer.hpp"
#include "dataflow/hash/slot_cell.hpp"
#include "dataflow/hash/string_words.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// Slots for strings: two words and the C, which is in the slot where it is small and plain.
///
///     up to 15 bytes   | the bytes, zeros behind them                    | size + 1 |
///     longer           | pointer to {u64 size, bytes} | 56 bits of hash  |      255 |
///
/// Equal strings have equal words unless they are long: those of equal hash are compared by their bytes. Long strings
/// wait for their turn in a staging buffer and move to the arena only when they turn out to be new.
template <class C>
class string_layout {
  using cell = std::conditional_t<std::is_trivially_copyable_v<C> && sizeof(C) <= 16, inline_cell<C>, arena_cell<C>>;

public:
  using probe = string_words;
  struct slot {
    string_words key;
    [[no_unique_address]] cell value;
  };
  static constexpr bool has_outsider = false;
  static constexpr bool follows_pointers = cell::in_arena;
  static constexpr bool owns_heap = true;
  static constexpr bool scatters = false;

  static std::uint64_t seed(std::string_view key) noexcept { return crema::key_hash(key); }
  static std::uint64_t seed(const string_words& key) noexcept { return combine(key.low, key.high); }

  static constexpr bool has_room(const string_words&) noexcept { return true; }

  /// Whether `make_probe(key)` needs no `end_batch()` first.
  bool has_room(std::string_view key) const noexcept {
    return key.size() <= string_words::max_size || staged_ + record_bytes(key) <= staging_.capacity();
  }

  [[gnu::always_inline]] probe make_probe(std::string_view key) {
    if (key.size() <= string_words::max_size) [[likely]]
      return string_words{key};
    return stage(key);
  }

  static probe make_probe(const string_words& key) noexcept { return key; }
  static constexpr bool outsider(const probe&) noexcept { return false; }

  [[gnu::always_inline]] static std::uint64_t mix(const mixer& spread, const probe& key) noexcept {
    return is_long(key) ? spread(key.high) : spread(key.low, key.high);
  }
  static std::uint64_t mix(const mixer& spread, const slot& s) noexcept { return mix(spread, s.key); }

  static bool vacant(const slot& s) noexcept { return s.key.high == 0; }

  static bool matches(const slot& s, const probe& key) noexcept {
    if (s.key == key)
      return true;
    return s.key.high == key.high && is_long(key) && long_text(s.key) == long_text(key);
  }

  template <class Make>
  void claim(slot& s, probe key, Make&& make) {
    if (is_long(key)) [[unlikely]]
      key.low = to_word(store(arena_.allocate(record_bytes(long_text(key)), alignof(std::uint64_t)), long_text(key)));
    s.value.fill(arena_, std::forward<Make>(make));
    s.key = key;
    owned_ += footprint(s.value.get());
  }

  static std::uint64_t hash(const slot& s) { return crema::key_hash(text(s.key)); }

  /// Calls `f(std::string_view, C&&)`.
  template <class F>
  static void emit(slot& s, F&& f) {
    f(text(s.key), std::move(s.value.get()));
  }

  [[gnu::always_inline]] static void prefetch(const slot& s) noexcept { s.value.prefetch(); }
  static void end(slot& s) noexcept { s.value.end(); }
  static C& value(slot& s) noexcept { return s.value.get(); }

  void end_batch() noexcept { staged_ = 0; }
  std::size_t heap_bytes() const noexcept { return arena_.capacity_bytes() + staging_.capacity() + owned_; }
  void clear() noexcept {
    arena_.clear();
    owned_ = 0;
  }
  void release() noexcept {
    clear();
    arena_.release();
    staging_ = {};
  }

private:
  static constexpr std::uint64_t long_tag = 255;
  static constexpr std::size_t usual_staging_bytes = std::size_t{64} << 10;

  static bool is_long(const string_words& key) noexcept { return key.high >> 56 == long_tag; }

  static std::string_view long_text(const string_words& key) noexcept {
    const auto* record = reinterpret_cast<const char*>(key.low);
    return {record + sizeof(std::uint64_t), load<std::uint64_t>(record)};
  }
  static std::string_view text(const string_words& key) noexcept { return is_long(key) ? long_text(key) : key.view(); }

  static std::size_t record_bytes(std::string_view text) noexcept {
    return (sizeof(std::uint64_t) + text.size() + 7) & ~std::size_t{7};
  }
  static const std::byte* store(std::byte* record, std::string_view text) noexcept {
    const std::uint64_t size = text.size();
    std::memcpy(record, &size, sizeof size);
    std::memcpy(record + sizeof size, text.data(), text.size());
    return record;
  }
  static std::uint64_t to_word(const std::byte* record) noexcept { return reinterpret_cast<std::uintptr_t>(record); }

  [[gnu::noinline]] probe stage(std::string_view key) {
    const auto bytes = record_bytes(key);
    if (staged_ + bytes > staging_.capacity()) { // only where no probe waits: see has_room()
      staging_ = page_buffer{std::max(bytes, usual_staging_bytes)};
      staged_ = 0;
    }
    const auto* const record = store(staging_.data() + staged_, key);
    staged_ += bytes;
    return {to_word(record), long_tag << 56 | crema::key_hash(key) >> 8};
  }

  bump_arena arena_;
  page_buffer staging_;
  std::size_t staged_ = 0;
  std::size_t owned_ = 0; // by entries when they came
};

} // namespace crema::internal
