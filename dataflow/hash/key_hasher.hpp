#pragma once

#include "dataflow/hash/hash_bits.hpp"

#include <array>
#include <bit>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace crema::internal {

/// The hash of a sequence of fixed length before its first element.
inline constexpr std::uint64_t hash_of_nothing = hash_key_3;

template <class T>
concept text_key = std::same_as<T, std::string_view> || requires {
  typename T::allocator_type;
  requires std::same_as < T, std::basic_string < char, std::char_traits<char>,
  typename T::allocator_type >> ;
};

template <class T>
concept adl_hashed = requires(const T& key) {
  { hash_value(key) } -> std::integral;
};

/// std::chrono's durations, known by shape: <chrono> is too dear to be included everywhere.
template <class T>
concept duration_key = requires(const T& key) {
  typename T::rep;
  typename T::period;
  { key.count() } -> std::same_as<typename T::rep>;
};

template <class T>
concept time_point_key = requires(const T& key) {
  typename T::clock;
  { key.time_since_epoch() } -> duration_key;
};

template <class T>
concept container_key = requires(const T& key) {
  typename T::value_type;
  typename T::allocator_type;
  key.begin();
  key.end();
  key.size();
};

template <class T>
concept unordered_key = container_key<T> && requires {
  typename T::hasher;
};

/// One byte that means itself, so that contiguous ones hash like text.
template <class T>
concept byte_key =
  sizeof(T) == 1
  && (std::same_as<
        T,
        char> || std::same_as<T, signed char> || std::same_as<T, unsigned char> || std::same_as<T, char8_t> || std::same_as<T, std::byte>);

/// How keys of K are hashed; `works` where they can be. Scalars, text, and what has a hash_value.
template <class K>
struct key_hasher {
  static constexpr bool scalar = std::integral<K> || std::is_enum_v<K>;
  static constexpr bool works =
    scalar || std::floating_point<K> || text_key<K> || duration_key<K> || time_point_key<K> || adl_hashed<K>;

  static constexpr std::uint64_t hash(const K& key) {
    if constexpr (scalar) {
      return static_cast<std::uint64_t>(key);
    } else if constexpr (std::floating_point<K>) {
      if (key != key)
        return mix64(0x7ff8000000000000);
      return mix64(std::bit_cast<std::uint64_t>(key == 0 ? 0.0 : static_cast<double>(key)));
    } else if constexpr (text_key<K>) {
      return hash_bytes(key.data(), key.size());
    } else if constexpr (adl_hashed<K>) {
      return static_cast<std::uint64_t>(hash_value(key));
    } else if constexpr (duration_key<K>) {
      return key_hasher<typename K::rep>::hash(key.count());
    } else {
      return key_hasher<typename K::duration>::hash(key.time_since_epoch());
    }
  }
};

template <class K>
struct key_hasher<const K> : key_hasher<K> {};

template <class K>
requires container_key<K> &&(!text_key<K>)&&(!adl_hashed<K>)struct key_hasher<K> {
  using element = key_hasher<typename K::value_type>;
  static constexpr bool works = element::works;

  static std::uint64_t hash(const K& key) {
    if constexpr (byte_key<typename K::value_type> && requires { key.data(); }) {
      return hash_bytes(reinterpret_cast<const char*>(key.data()), key.size());
    } else if constexpr (unordered_key<K>) {
      std::uint64_t sum = 0;
      for (const auto& each : key)
        sum += mix64(element::hash(each));
      return combine(combine(hash_of_nothing, key.size()), sum);
    } else {
      auto h = combine(hash_of_nothing, key.size());
      for (auto each = key.begin(); each != key.end(); ++each)
        h = combine(h, element::hash(*each));
      return h;
    }
  }
};

template <class T, std::size_t N>
struct key_hasher<std::array<T, N>> {
  static constexpr bool works = key_hasher<T>::works;

  static std::uint64_t hash(const std::array<T, N>& key) {
    if constexpr (byte_key<T>)
      return hash_bytes(reinterpret_cast<const char*>(key.data()), N);
    auto h = hash_of_nothing;
    for (const auto& each : key)
      h = combine(h, key_hasher<T>::hash(each));
    return h;
  }
};

template <class... T>
struct key_hasher<std::tuple<T...>> {
  static constexpr bool works = (true && ... && key_hasher<std::remove_cv_t<T>>::works);

  static constexpr std::uint64_t hash(const std::tuple<T...>& key) {
    auto h = hash_of_nothing;
    std::apply([&](const T&... each) { ((h = combine(h, key_hasher<std::remove_cv_t<T>>::hash(each))), ...); }, key);
    return h;
  }
};

template <class A, class B>
struct key_hasher<std::pair<A, B>> {
  static constexpr bool works = key_hasher<A>::works && key_hasher<B>::works;

  static constexpr std::uint64_t hash(const std::pair<A, B>& key) {
    return combine(combine(hash_of_nothing, key_hasher<A>::hash(key.first)), key_hasher<B>::hash(key.second));
  }
};

/// Nothing hashes to 0, something like itself.
template <class T>
struct key_hasher<std::optional<T>> {
  static constexpr bool works = key_hasher<T>::works;
  static constexpr std::uint64_t hash(const std::optional<T>& key) {
    return key ? key_hasher<T>::hash(*key) : std::uint64_t{0};
  }
};

template <>
struct key_hasher<std::monostate> {
  static constexpr bool works = true;
  static constexpr std::uint64_t hash(std::monostate) noexcept { return 0; }
};

template <class... T>
struct key_hasher<std::variant<T...>> {
  static constexpr bool works = (true && ... && key_hasher<T>::works);

  static constexpr std::uint64_t hash(const std::variant<T...>& key) {
    const auto h = combine(hash_of_nothing, static_cast<std::uint64_t>(key.index()));
    if (key.valueless_by_exception())
      return h;
    return std::visit([h]<class V>(const V& value) { return combine(h, key_hasher<V>::hash(value)); }, key);
  }
};

/// Whether partitions of K come by the floored instead of the unsigned modulus.
template <class K>
inline constexpr bool signed_key = std::signed_integral<K>;
template <class K>
requires std::is_enum_v<K>
inline constexpr bool signed_key<K> = std::signed_integral<std::underlying_type_t<K>>;

/// Refuses K in words where it has no hash.
template <class K>
constexpr void require_hashable() {
  static_assert(
    !std::is_pointer_v<K> && !std::is_array_v<K>,
    "crema: a pointer or array cannot be a key, it means nothing on another node: use std::string for text, "
    "std::array for arrays, or the value pointed to");
  static_assert(std::is_pointer_v<K> || std::is_array_v<K> || key_hasher<K>::works,
                "crema: this type, or a part of it, cannot be a key: write `std::uint64_t hash_value(const T&)` (made "
                "of crema::key_hash of the members that == compares) in the namespace of the type");
}

} // namespace crema::internal
