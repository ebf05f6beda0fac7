#pragma once

#include "dataflow/block/value_codec.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace crema::internal {

/// Several values, one after the other; at least one byte.
template <class... T>
struct codec_of_all {
  static constexpr bool works = (true && ... && encodable<T>);
  static constexpr bool packed = false;
  static constexpr bool archived = (false || ... || codec<T>::archived);
  static constexpr std::size_t min_size = sizeof...(T) == 0 ? 1 : (std::size_t{0} + ... + codec<T>::min_size);
  static constexpr void require() { (require_encodable<T>(), ...); }
};

template <class A, class B>
struct codec<std::pair<A, B>> : codec_of_all<std::remove_cv_t<A>, std::remove_cv_t<B>> {
  using first = codec<std::remove_cv_t<A>>;
  using second = codec<std::remove_cv_t<B>>;
  static constexpr bool packed = first::packed && second::packed && sizeof(std::pair<A, B>) == sizeof(A) + sizeof(B);

  static void encode(const std::pair<A, B>& value, byte_writer& out) {
    first::encode(value.first, out);
    second::encode(value.second, out);
  }
  static std::pair<A, B> decode(byte_reader& in) { return {first::decode(in), second::decode(in)}; }
};

template <class... T>
struct codec<std::tuple<T...>> : codec_of_all<std::remove_cv_t<T>...> {
  static void encode(const std::tuple<T...>& value, byte_writer& out) {
    std::apply([&](const T&... part) { (codec<std::remove_cv_t<T>>::encode(part, out), ...); }, value);
    if constexpr (sizeof...(T) == 0)
      out.put_byte(0);
  }
  static std::tuple<T...> decode(byte_reader& in) {
    if constexpr (sizeof...(T) == 0)
      in.byte();
    return std::tuple<T...>{codec<std::remove_cv_t<T>>::decode(in)...};
  }
};

template <class T, std::size_t N>
struct codec<std::array<T, N>> {
  static constexpr bool works = encodable<T>;
  static constexpr bool packed = N != 0 && codec<T>::packed;
  static constexpr bool archived = codec<T>::archived;
  static constexpr std::size_t min_size = N == 0 ? 1 : N * codec<T>::min_size;
  static constexpr void require() { require_encodable<T>(); }

  static void encode(const std::array<T, N>& value, byte_writer& out) {
    if constexpr (packed) {
      out.put(value.data(), sizeof(value));
    } else {
      for (const auto& each : value)
        codec<T>::encode(each, out);
      if constexpr (N == 0)
        out.put_byte(0);
    }
  }
  static std::array<T, N> decode(byte_reader& in) {
    if constexpr (N == 0) {
      in.byte();
      return {};
    } else if constexpr (std::is_default_constructible_v<T>) {
      std::array<T, N> value;
      if constexpr (packed)
        in.copy(value.data(), sizeof(value));
      else
        for (auto& each : value)
          each = codec<T>::decode(in);
      return value;
    } else {
      return [&in]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<T, N>{{(static_cast<void>(I), codec<T>::decode(in))...}};
      }
      (std::make_index_sequence<N>{});
    }
  }
};

template <>
struct codec<std::monostate> : codec_of_all<> {
  static void encode(std::monostate, byte_writer& out) { out.put_byte(0); }
  static std::monostate decode(byte_reader& in) {
    in.byte();
    return {};
  }
};

template <class T>
struct codec<std::optional<T>> {
  static constexpr bool works = encodable<T>;
  static constexpr bool packed = false;
  static constexpr bool archived = codec<T>::archived;
  static constexpr std::size_t min_size = 1;
  static constexpr void require() { require_encodable<T>(); }

  static void encode(const std::optional<T>& value, byte_writer& out) {
    out.put_byte(value ? 1 : 0);
    if (value)
      codec<T>::encode(*value, out);
  }
  static std::optional<T> decode(byte_reader& in) {
    if (!codec<bool>::decode(in))
      return std::nullopt;
    return codec<T>::decode(in);
  }
};

template <class... T>
struct codec<std::variant<T...>> {
  static constexpr bool works = (true && ... && encodable<T>);
  static constexpr bool packed = false;
  static constexpr bool archived = (false || ... || codec<T>::archived);
  static constexpr std::size_t min_size = 1 + std::min({codec<T>::min_size...});
  static constexpr void require() { (require_encodable<T>(), ...); }

  static void encode(const std::variant<T...>& value, byte_writer& out) {
    out.varint(value.index());
    std::visit([&]<class V>(const V& held) { codec<V>::encode(held, out); }, value);
  }
  static std::variant<T...> decode(byte_reader& in) {
    const auto index = in.varint();
    if (index >= sizeof...(T))
      in.fail("a variant has no such alternative");
    return decode_from<0>(index, in);
  }

private:
  template <std::size_t I>
  static std::variant<T...> decode_from(std::uint64_t index, byte_reader& in) {
    if constexpr (I + 1 < sizeof...(T))
      if (index != I)
        return decode_from<I + 1>(index, in);
    return std::variant<T...>{std::in_place_index<I>,
                              codec<std::variant_alternative_t<I, std::variant<T...>>>::decode(in)};
  }
};

} // namespace crema::internal
