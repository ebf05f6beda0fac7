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

  /// The words of `text`, which must be short enough.
  explicit string_words(std::string_view text) noexcept {
    if (!text.empty() && within_page(text.data())) [[likely]]
      *this = of_page(text.data(), text.size());
    else
      *this = of_exactly(text.data(), text.size());
  }

  /// The same without a branch, where `max_size` + 1 bytes from the first one on may be read.
  static string_words of_padded(const char* bytes, std::size_t n) noexcept {
    return of_words(load<std::uint64_t>(bytes), load<std::uint64_t>(bytes + 8), n);
  }

  /// The string, which lives as long as this object.
  std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(&low), static_cast<std::size_t>((high >> 56) - 1)};
  }

  friend bool operator==(const string_words&, const string_words&) = default;

private:
  alignas(32) static constexpr char masks[2 * max_size + 2] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                               -1, -1, -1, -1, -1, -1, -1, -1};

  static string_words of_words(std::uint64_t low, std::uint64_t high, std::size_t n) noexcept {
    const char* const mask = masks + max_size + 1 - n;
    return {low & load<std::uint64_t>(mask),
            (high & load<std::uint64_t>(mask + 8)) | static_cast<std::uint64_t>(n + 1) << 56};
  }

  /// Whether all bytes that of_padded reads lie in the page of the first. 4 KiB is the smallest page there is.
  static bool within_page(const char* bytes) noexcept {
    return (reinterpret_cast<std::uintptr_t>(bytes) & 4095) <= 4096 - (max_size + 1);
  }

  /// of_padded for bytes that others may own, as long as they share a page with the first: reading them cannot fault,
  /// and their values do not matter. That is beyond the language, so the compiler must not know where the bytes come
  /// from, and sanitizers must not look. Lengths vary, and a branch for each class of them is mispredicted for every
  /// other word of a text.
  [[gnu::no_sanitize_address, gnu::no_sanitize_thread]] static string_words of_page(const char* bytes,
                                                                                    std::size_t n) noexcept {
    asm("" : "+r"(bytes));
    std::uint64_t words[2];
    __builtin_memcpy(words, bytes, sizeof words);
    return of_words(words[0], words[1], n);
  }

  /// Reads no byte beyond the string.
  [[gnu::noinline]] static string_words of_exactly(const char* bytes, std::size_t n) noexcept {
    char padded[max_size + 1]{};
    if (n != 0)
      std::memcpy(padded, bytes, n);
    return of_padded(padded, n);
  }
};

} // namespace crema::internal
