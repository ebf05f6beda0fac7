#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// A code of more than eight bytes.
struct two_words {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const two_words&, const two_words&) = default;
};

/// Keys as plain unsigned numbers: equal keys have equal codes and the other way round, and a code turns back into a
/// key. Arithmetic types and enums have one, and pairs and tuples of them up to 16 bytes. -0.0 has the code of
/// 0.0, and all NaNs share one, so that they are one key.
template <class K>
struct key_code;

template <class K>
concept coded_key = requires {
  typename key_code<K>::type;
};

template <class K>
requires(std::is_integral_v<K> && sizeof(K) <= 8) struct key_code<K> {
  using type = std::conditional_t<sizeof(K) == 1, std::uint8_t,
                                  std::conditional_t<sizeof(K) == 2, std::uint16_t,
                                                     std::conditional_t<sizeof(K) == 4, std::uint32_t, std::uint64_t>>>;
  static constexpr std::size_t bytes = sizeof(K);
  static type encode(K key) noexcept { return static_cast<type>(key); }
  static K decode(type code) noexcept { return static_cast<K>(code); }
};

template <class K>
requires std::is_enum_v<K>
struct key_code<K> {
  using number = key_code<std::underlying_type_t<K>>;
  using type = typename number::type;
  static constexpr std::size_t bytes = sizeof(K);
  static type encode(K key) noexcept { return number::encode(static_cast<std::underlying_type_t<K>>(key)); }
  static K decode(type code) noexcept { return static_cast<K>(number::decode(code)); }
};

template <class K>
requires(std::is_same_v<K, float> || std::is_same_v<K, double>) struct key_code<K> {
  using type = std::conditional_t<sizeof(K) == 4, std::uint32_t, std::uint64_t>;
  static constexpr std::size_t bytes = sizeof(K);
  static type encode(K key) noexcept {
    if (key == 0)
      return 0;
    if (key != key)
      key = std::numeric_limits<K>::quiet_NaN();
    type code;
    std::memcpy(&code, &key, sizeof code);
    return code;
  }
  static K decode(type code) noexcept {
    K key;
    std::memcpy(&key, &code, sizeof key);
    return key;
  }
};

/// The codes of several parts, one behind the other.
template <class K, class... Parts>
requires(sizeof...(Parts) > 0 && (coded_key<Parts> && ...)) struct packed_code {
  static constexpr std::size_t bytes = (std::size_t{0} + ... + key_code<Parts>::bytes);
  using type = std::conditional_t<bytes <= 8, std::uint64_t, two_words>;

  static type encode(const K& key) noexcept {
    type code{};
    std::size_t at = 0;
    const auto put = [&]<class Part>(const Part& part) {
      const auto piece = key_code<Part>::encode(part);
      std::memcpy(reinterpret_cast<char*>(&code) + at, &piece, key_code<Part>::bytes);
      at += key_code<Part>::bytes;
    };
    std::apply([&](const auto&... parts) { (put(parts), ...); }, key);
    return code;
  }

  static K decode(const type& code) noexcept {
    std::size_t at = 0;
    const auto take = [&]<class Part>(Part& part) {
      typename key_code<Part>::type piece{};
      std::memcpy(&piece, reinterpret_cast<const char*>(&code) + at, key_code<Part>::bytes);
      part = key_code<Part>::decode(piece);
      at += key_code<Part>::bytes;
    };
    K key{};
    std::apply([&](auto&... parts) { (take(parts), ...); }, key);
    return key;
  }
};

template <class A, class B>
requires(coded_key<A>&& coded_key<B>&& key_code<A>::bytes + key_code<B>::bytes <= 16) struct key_code<std::pair<A, B>>
    : packed_code<std::pair<A, B>, A, B> {
};

template <class... Parts>
requires(sizeof...(Parts) > 0 && (coded_key<Parts> && ...)
         && (std::size_t{0} + ... + key_code<Parts>::bytes) <= 16) struct key_code<std::tuple<Parts...>>
    : packed_code<std::tuple<Parts...>, Parts...> {
};

} // namespace crema::internal
