#pragma once

#include "dataflow/hash/hash_bits.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace crema::internal {

/// A string of at most 15 bytes as two words: its bytes from the lowest on, zeros behind them, and in the last byte its
/// length plus one. So no string is all zeros, and equal words are equal strings. The value 255 in the last byte is
/// free for words that mean something else.
struct string_words {
  static constexpr std::size_t max_size = 15;

  std::uint64_t low;
  std::uint64_t high;

  string_words() = default;
  constexpr string_words(std::uint64_t l, std::uint64_t h) noexcept : low{l}, high{h} {}

  /// The words of `text`, which must be short enough. Reads no byte beyond it.
  explicit string_words(std::string_view text) noexcept {
    const char* bytes = text.data();
    const auto n = text.size();
    high = static_cast<std::uint64_t>(n + 1) << 56;
    if (n >= 8) {
      low = load<std::uint64_t>(bytes);
      if (n > 8)
        high |= load<std::uint64_t>(bytes + n - 8) >> (8 * (16 - n));
    } else if (n >= 4) {
      low = load<std::uint32_t>(bytes) | load<std::uint32_t>(bytes + n - 4) << (8 * (n - 4));
    } else if (n > 0) {
      low = load<std::uint8_t>(bytes) | load<std::uint8_t>(bytes + n / 2) << (8 * (n / 2))
            | load<std::uint8_t>(bytes + n - 1) << (8 * (n - 1));
    } else {
      low = 0;
    }
  }

  /// The same without a branch, where `max_size` + 1 bytes from the first one on may be read.
  static string_words of_padded(const char* bytes, std::size_t n) noexcept {
    const auto bits = 8 * n;
    const auto low_mask = n >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (bits & 63)) - 1;
    const auto high_mask = n > 8 ? (std::uint64_t{1} << (bits & 63)) - 1 : 0;
    return {load<std::uint64_t>(bytes) & low_mask,
            (load<std::uint64_t>(bytes + 8) & high_mask) | static_cast<std::uint64_t>(n + 1) << 56};
  }

  /// The string, which lives as long as this object.
  std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(&low), static_cast<std::size_t>((high >> 56) - 1)};
  }

  friend bool operator==(const string_words&, const string_words&) = default;
};

} // namespace crema::internal
