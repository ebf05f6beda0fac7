#pragma once

#include "dataflow/block/value_codec.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crema::internal {

/// Whether T is a class of the standard library itself, not one derived from it, which could have members more.
template <class T>
consteval bool is_std() {
  return std::string_view{__PRETTY_FUNCTION__}.find("T = std::") != std::string_view::npos;
}

/// The standard containers, known by shape so that not all of their headers are included everywhere.
template <class T>
concept std_container = std::is_class_v<T> && !std::is_trivially_copyable_v<T> && requires(const T& t) {
  typename T::value_type;
  typename T::allocator_type;
  t.begin();
  t.end();
  t.size();
}
&&is_std<T>();

/// vector, deque, list and strings; a count, then the elements.
template <class T>
concept std_sequence = std_container<T> && requires(T& t, typename T::value_type v) {
  t.push_back(std::move(v));
};

template <class T>
requires std_sequence<T>
struct codec<T> {
  using element = typename T::value_type;
  static constexpr bool works = encodable<element>;
  static constexpr bool packed = false;
  static constexpr bool archived = codec<element>::archived;
  static constexpr std::size_t min_size = 1;
  static constexpr void require() { require_encodable<element>(); }
  static constexpr bool contiguous = codec<element>::packed && requires(T & t) {
    t.data();
    t.resize(1);
  };

  static void encode(const T& value, byte_writer& out) {
    out.varint(value.size());
    if constexpr (contiguous)
      out.put(value.data(), value.size() * sizeof(element));
    else
      for (const auto& each : value)
        codec<element>::encode(each, out);
  }

  static T decode(byte_reader& in) {
    const auto n = in.count(codec<element>::min_size);
    if constexpr (std::is_same_v<T, std::string>)
      return T(reinterpret_cast<const char*>(in.take(n).data()), n);
    T value;
    if constexpr (contiguous) {
      value.resize(n);
      in.copy(value.data(), n * sizeof(element));
    } else {
      if constexpr (requires { value.reserve(n); })
        value.reserve(in.credible(n, sizeof(element)));
      for (std::size_t i = 0; i < n; ++i)
        value.push_back(codec<element>::decode(in));
    }
    return value;
  }
};

/// set, map and their multi and unordered kinds; a count, then the elements in the order of iteration.
template <class T>
requires std_container<T> &&(!std_sequence<T>)&&requires {
  typename T::key_type;
}
struct codec<T> {
  using element = typename T::value_type;
  static constexpr bool works = encodable<element>;
  static constexpr bool packed = false;
  static constexpr bool archived = codec<element>::archived;
  static constexpr std::size_t min_size = 1;
  static constexpr void require() { require_encodable<element>(); }

  static void encode(const T& value, byte_writer& out) {
    out.varint(value.size());
    for (const auto& each : value)
      codec<element>::encode(each, out);
  }

  static T decode(byte_reader& in) {
    T value;
    const auto n = in.count(codec<element>::min_size);
    if constexpr (requires { value.reserve(n); })
      value.reserve(in.credible(n, sizeof(element)));
    for (std::size_t i = 0; i < n; ++i)
      value.emplace_hint(value.end(), codec<element>::decode(in));
    if (value.size() != n)
      in.fail("a key is there twice");
    return value;
  }
};

/// Eight to a byte, the first in the lowest bit, the rest of the last byte zero.
template <class Allocator>
struct codec<std::vector<bool, Allocator>> {
  static constexpr bool works = true;
  static constexpr bool packed = false;
  static constexpr bool archived = false;
  static constexpr std::size_t min_size = 1;
  static constexpr void require() {}

  static void encode(const std::vector<bool, Allocator>& value, byte_writer& out) {
    out.varint(value.size());
    std::uint8_t bits = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      bits = static_cast<std::uint8_t>(bits | (value[i] ? 1U << i % 8 : 0U));
      if (i % 8 == 7 || i + 1 == value.size())
        out.put_byte(std::exchange(bits, std::uint8_t{0}));
    }
  }

  static std::vector<bool, Allocator> decode(byte_reader& in) {
    const auto n = in.varint();
    const auto bytes = in.take(static_cast<std::size_t>(n / 8 + (n % 8 == 0 ? 0 : 1)));
    std::vector<bool, Allocator> value(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < value.size(); ++i)
      value[i] = (std::to_integer<unsigned>(bytes[i / 8]) >> i % 8 & 1) != 0;
    if (n % 8 != 0 && std::to_integer<unsigned>(bytes.back()) >> n % 8 != 0)
      in.fail("a bit beyond the end of a vector<bool> is set");
    return value;
  }
};

} // namespace crema::internal
