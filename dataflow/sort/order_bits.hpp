#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

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

} // namespace crema::internal
