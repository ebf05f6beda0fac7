#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

// The order of keys, as bits.
//
//     order_bits(-1) < order_bits(0);                              // uint32_t, compared as unsigned
//     sort_prefix<std::string>::of("ab") < sort_prefix<std::string>::of("b");
//     sort_order<double, std::greater<>>{}(nan, 1.0);              // a total order, NaN included
//
// Under `std::less` (and, mirrored, `std::greater`) floating-point keys are ordered totally: -0.0 equals 0.0, and all
// NaNs are equal to one another and greater than every number. The same holds within pairs and tuples.

namespace crema::internal {

/// A number, bool, character or enumerator whose order fits into at most 64 bits.
template <class K>
concept scalar_key = (std::is_arithmetic_v<K> || std::is_enum_v<K>)&&sizeof(K) <= 8;

template <std::size_t Bytes>
using unsigned_of_size = std::conditional_t<
  Bytes == 1, std::uint8_t,
  std::conditional_t<Bytes == 2, std::uint16_t, std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;

template <class K>
using order_bits_t = unsigned_of_size<sizeof(K)>;

/// Bits of the size of K whose unsigned order is the ascending order of the keys.
template <scalar_key K>
constexpr order_bits_t<K> order_bits(K key) noexcept {
  using bits = order_bits_t<K>;
  constexpr bits sign = static_cast<bits>(bits{1} << (sizeof(bits) * 8 - 1));
  if constexpr (std::is_enum_v<K>) {
    return order_bits(static_cast<std::underlying_type_t<K>>(key));
  } else if constexpr (std::is_floating_point_v<K>) {
    const auto raw = std::bit_cast<bits>(key == 0 ? K{0} : key);
    const auto ordered = static_cast<bits>((raw & sign) != 0 ? ~raw : raw | sign);
    return key != key ? std::numeric_limits<bits>::max() : ordered;
  } else if constexpr (std::is_signed_v<K>) {
    return static_cast<bits>(static_cast<bits>(key) ^ sign);
  } else {
    return static_cast<bits>(key);
  }
}

/// The number with these bits: the inverse of `order_bits` but for -0.0 and the payload of a NaN.
template <class K>
requires(std::is_arithmetic_v<K>) constexpr K from_order_bits(order_bits_t<K> ordered) noexcept {
  using bits = order_bits_t<K>;
  constexpr bits sign = static_cast<bits>(bits{1} << (sizeof(bits) * 8 - 1));
  if constexpr (std::is_floating_point_v<K>)
    return std::bit_cast<K>(static_cast<bits>((ordered & sign) != 0 ? ordered ^ sign : ~ordered));
  else if constexpr (std::is_signed_v<K>)
    return static_cast<K>(ordered ^ sign);
  else
    return static_cast<K>(ordered);
}

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

template <class K>
inline constexpr bool is_tuple_key = false;
template <class A, class B>
inline constexpr bool is_tuple_key<std::pair<A, B>> = true;
template <class... As>
inline constexpr bool is_tuple_key<std::tuple<As...>> = true;

/// Whether `a` is before `b` in ascending order, made total for floating-point numbers.
template <class K>
constexpr bool ascends(const K& a, const K& b) {
  if constexpr (std::is_floating_point_v<K>) {
    return a < b || (b != b && a == a);
  } else if constexpr (is_tuple_key<K>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      int order = 0; // of the first elements that differ
      (void)((...
              || (order = ascends(std::get<I>(a), std::get<I>(b))   ? -1
                          : ascends(std::get<I>(b), std::get<I>(a)) ? 1
                                                                    : 0)));
      return order < 0;
    }
    (std::make_index_sequence<std::tuple_size_v<K>>{});
  } else {
    return std::less<K>{}(a, b);
  }
}

/// What a comparator means for keys of K.
enum class direction { ascending, descending, custom };

template <class K, class Compare>
inline constexpr direction direction_of =
  std::is_same_v<Compare,
                 std::less<>> || std::is_same_v<Compare, std::less<K>> || std::is_same_v<Compare, std::ranges::less>
    ? direction::ascending
  : std::is_same_v<
      Compare,
      std::greater<>> || std::is_same_v<Compare, std::greater<K>> || std::is_same_v<Compare, std::ranges::greater>
    ? direction::descending
    : direction::custom;

/// Whether one key is before another in the order that sorting by `Compare` produces: what merging sorted runs and
/// choosing ranges must use, too.
template <class K, class Compare>
struct sort_order {
  [[no_unique_address]] Compare compare{};

  constexpr bool operator()(const K& a, const K& b) const {
    if constexpr (direction_of<K, Compare> == direction::ascending)
      return ascends(a, b);
    else if constexpr (direction_of<K, Compare> == direction::descending)
      return ascends(b, a);
    else
      return static_cast<bool>(compare(a, b));
  }
};

/// Whether keys of K under `Compare` have prefixes.
template <class K, class Compare>
inline constexpr bool has_prefix = sort_prefix<K>::available&& direction_of<K, Compare> != direction::custom;

/// The prefix of `key` whose ascending order is the order of `Compare`.
template <class K, class Compare>
requires(has_prefix<K, Compare>) std::uint64_t directed_prefix(const K& key)
noexcept {
  const std::uint64_t prefix = sort_prefix<K>::of(key);
  return direction_of<K, Compare> == direction::descending ? ~prefix : prefix;
}

} // namespace crema::internal
