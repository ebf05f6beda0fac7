#pragma once

#include "dataflow/sort/sort_prefix.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace crema::internal {

/// The bytes of a key and where its record is.
struct tied_key {
  const char* bytes;
  std::size_t size;
  std::uint64_t position;
};

/// Sorts keys that agree in their first `depth` bytes, stably, by the rest: as unsigned bytes, or as signed ones when
/// `flip` is 0x80; a key before its own extensions. `descending` mirrors the order of keys, not that of equal ones.
///
/// Each step skips what all have in common and sorts by the next seven bytes (multikey sorting with cached words), so
/// long shared prefixes are read once and equal keys are not compared pair by pair. Memory: 40 bytes a key.
void sort_ties(std::span<tied_key> keys, std::size_t depth, unsigned char flip, bool descending);

/// The bytes of keys that are ordered bytewise: strings and arrays of bytes.
template <class K>
struct key_bytes {
  static constexpr bool available = false;
};
template <class Allocator>
struct key_bytes<std::basic_string<char, std::char_traits<char>, Allocator>> {
  static constexpr bool available = true;
  static constexpr unsigned char flip = 0;
  static constexpr std::size_t in_prefix = 7;
  static std::string_view of(std::string_view key) noexcept { return key; }
};
template <>
struct key_bytes<std::string_view> : key_bytes<std::string> {};
template <byte_like Byte, std::size_t N>
struct key_bytes<std::array<Byte, N>> {
  static constexpr bool available = true;
  static constexpr unsigned char flip = byte_flip<Byte>;
  static constexpr std::size_t in_prefix = 8;
  static std::string_view of(const std::array<Byte, N>& key) noexcept {
    return {reinterpret_cast<const char*>(key.data()), N};
  }
};

} // namespace crema::internal
