#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace crema {

/// Spreads every bit over all 64, one to one: for tables that take bits of a `key_hash`, which is the value itself for
/// integers. Two multiplications; the constants are Pelle Evensen's "moremur".
constexpr std::uint64_t mix64(std::uint64_t h) noexcept {
  h ^= h >> 27;
  h *= 0x3c79ac492ba7b653;
  h ^= h >> 33;
  h *= 0x1c69b3f74ac4ae35;
  return h ^ h >> 27;
}

namespace internal {

static_assert(std::endian::native == std::endian::little, "crema: hashes and blocks are defined for little-endian");

__extension__ typedef unsigned __int128 uint128;

/// Fractional bits of the square roots of 3, 5, 7 and 11: odd, half of their bits set, nothing up the sleeve.
inline constexpr std::uint64_t hash_key_1 = 0xbb67ae8584caa73b;
inline constexpr std::uint64_t hash_key_2 = 0x3c6ef372fe94f82b;
inline constexpr std::uint64_t hash_key_3 = 0xa54ff53a5f1d36f1;
inline constexpr std::uint64_t hash_key_4 = 0x510e527fade682d1;

/// Both halves of the 128-bit product, folded: the step of Wang Yi's wyhash.
constexpr std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const auto product = uint128{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// A hash of the sequence whose hash so far is `h` and whose next element's is `next`.
constexpr std::uint64_t combine(std::uint64_t h, std::uint64_t next) noexcept {
  return fold(h ^ hash_key_1, next ^ hash_key_2);
}

template <class Word>
std::uint64_t load(const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

/// The state after a first step over all but the last 16 of `n` > 16 bytes.
std::uint64_t hash_front(const char* bytes, std::size_t n) noexcept;

/// The hash of `n` bytes. Reads of up to 16 bytes overlap instead of branching on the length.
inline std::uint64_t hash_bytes(const char* bytes, std::size_t n) noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::uint64_t front = 0;
  if (n <= 16) [[likely]] {
    if (n >= 4) [[likely]] {
      const char* last = bytes + n - 4;
      const auto step = (n & 24) >> 1; // 0 below 8 bytes, 4 below 16, then 8
      low = load<std::uint32_t>(bytes) | load<std::uint32_t>(bytes + step) << 32;
      high = load<std::uint32_t>(last - step) | load<std::uint32_t>(last) << 32;
    } else if (n > 0) {
      low =
        load<std::uint8_t>(bytes) | load<std::uint8_t>(bytes + n / 2) << 8 | load<std::uint8_t>(bytes + n - 1) << 16;
    }
  } else {
    front = hash_front(bytes, n);
    low = load<std::uint64_t>(bytes + n - 16);
    high = load<std::uint64_t>(bytes + n - 8);
  }
  return fold(fold(low ^ hash_key_1, high ^ hash_key_2 ^ front) ^ hash_key_3, n ^ hash_key_4);
}

} // namespace internal
} // namespace crema
