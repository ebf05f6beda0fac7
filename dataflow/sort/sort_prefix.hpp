#pragma once

#include "dataflow/sort/order_bits.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// Up to eight bytes as a number whose order is theirs; missing ones count as zero.
inline std::uint64_t big_endian_window(const char* bytes, std::size_t n) noexcept {
  std::uint64_t window = 0;
  if (n >= 8)
    std::memcpy(&window, bytes, 8);
  else if (n != 0)
    std::memcpy(&window, bytes, n);
  return __builtin_bswap64(window);
}

/// The next seven bytes of a string and, below them, whether it ends among them (`ends_within`): unlike eight bytes,
/// these tell "ab" from "ab\0", and equal windows of strings that end within are equal strings.
inline std::uint64_t string_window(const char* bytes, std::size_t n) noexcept {
  return (big_endian_window(bytes, n) & ~std::uint64_t{0xff}) | (n < 8 ? n : 8);
}
constexpr bool ends_within(std::uint64_t window) noexcept {
  return (window & 0xff) < 8;
}

/// A 64-bit prefix of a key, as high bits as possible: `of(a) < of(b)` implies that a is less than b.
///
///     available   whether there is one; no other member exists otherwise
///     width       the bits of a key that is wholly in the prefix, else 0
///     of(key)     the prefix
///     decides(p)  whether keys with the same prefix p are equal
template <class K>
struct sort_prefix {
  static constexpr bool available = false;
};

template <scalar_key K>
struct sort_prefix<K> {
  static constexpr bool available = true;
  static constexpr unsigned width = sizeof(K) * 8;
  static constexpr std::uint64_t of(K key) noexcept { return std::uint64_t{order_bits(key)} << (64 - width); }
  static constexpr bool decides(std::uint64_t) noexcept { return true; }
};

struct string_prefix {
  static constexpr bool available = true;
  static constexpr unsigned width = 0;
  static std::uint64_t of(std::string_view key) noexcept { return string_window(key.data(), key.size()); }
  static constexpr bool decides(std::uint64_t prefix) noexcept { return ends_within(prefix); }
};
template <class Allocator>
struct sort_prefix<std::basic_string<char, std::char_traits<char>, Allocator>> : string_prefix {};
template <>
struct sort_prefix<std::string_view> : string_prefix {};

template <class Byte>
concept byte_like = std::same_as<Byte, char> || std::same_as<Byte, signed char> || std::same_as<
  Byte, unsigned char> || std::same_as<Byte, std::byte>;

/// What turns the order of a byte type into that of unsigned bytes: a sign bit to flip, or nothing.
template <class Byte>
inline constexpr unsigned char byte_flip = std::is_signed_v<Byte> ? 0x80 : 0;

template <byte_like Byte, std::size_t N>
requires(N > 0) struct sort_prefix<std::array<Byte, N>> {
  static constexpr bool available = true;
  static constexpr unsigned width = N <= 8 ? N * 8 : 0;
  static std::uint64_t of(const std::array<Byte, N>& key) noexcept {
    std::uint64_t window = 0;
    std::memcpy(&window, key.data(), N < 8 ? N : 8);
    constexpr std::uint64_t used = ~std::uint64_t{0} << (N < 8 ? 64 - N * 8 : 0);
    return __builtin_bswap64(window) ^ (byte_flip<Byte> * 0x0101010101010101U & used);
  }
  static constexpr bool decides(std::uint64_t) noexcept { return N <= 8; }
};

template <class Tuple, std::size_t I = 0>
struct tuple_prefix {
  using head = sort_prefix<std::remove_cvref_t<std::tuple_element_t<I, Tuple>>>;
  static constexpr bool last = I + 1 == std::tuple_size_v<Tuple>;

  static constexpr unsigned head_width = [] {
    if constexpr (head::available)
      return head::width;
    else
      return 0U;
  }();

  /// The bits of elements I and following, 0 unless all are of known width.
  static constexpr unsigned full_width = [] {
    if constexpr (last || head_width == 0)
      return head_width;
    else
      return tuple_prefix<Tuple, I + 1>::full_width == 0 ? 0U : head_width + tuple_prefix<Tuple, I + 1>::full_width;
  }();

  static std::uint64_t of(const Tuple& key) noexcept {
    if constexpr (!head::available)
      return 0;
    else if constexpr (last || head_width == 0 || head_width >= 64)
      return head::of(std::get<I>(key));
    else
      return head::of(std::get<I>(key)) | tuple_prefix<Tuple, I + 1>::of(key) >> head_width;
  }
};

template <class Tuple>
requires(std::tuple_size_v<Tuple> > 0) struct elements_prefix {
  static constexpr bool available = tuple_prefix<Tuple>::head::available;
  static constexpr unsigned width = tuple_prefix<Tuple>::full_width <= 64 ? tuple_prefix<Tuple>::full_width : 0;
  static std::uint64_t of(const Tuple& key) noexcept { return tuple_prefix<Tuple>::of(key); }
  static constexpr bool decides(std::uint64_t) noexcept { return width != 0; }
};
template <class A, class B>
struct sort_prefix<std::pair<A, B>> : elements_prefix<std::pair<A, B>> {};
template <class A, class... Bs>
struct sort_prefix<std::tuple<A, Bs...>> : elements_prefix<std::tuple<A, Bs...>> {};

} // namespace crema::internal
