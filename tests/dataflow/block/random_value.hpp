#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace crema::testing {

/// Random values of nested types, directed by the type: `random_value<std::map<int, std::string>>::make(rng)`. Small,
/// and rich in the values on which codecs break: empty, extreme, NaN. A user type says how with a specialisation.
using random_source = std::mt19937_64;

inline std::size_t random_below(random_source& rng, std::size_t limit) {
  return static_cast<std::size_t>(rng() % limit);
}

/// Mostly short; sometimes long enough for two-byte lengths.
inline std::size_t random_size(random_source& rng) {
  return random_below(rng, 24) == 0 ? 120 + random_below(rng, 20) : random_below(rng, 5);
}

template <class T>
struct random_value {
  static T make(random_source& rng) {
    if constexpr (std::is_enum_v<T>) {
      return static_cast<T>(random_value<std::underlying_type_t<T>>::make(rng));
    } else if constexpr (std::is_floating_point_v<T>) {
      using limits = std::numeric_limits<T>;
      const T odd[] = {T{0}, -T{0}, limits::quiet_NaN(), limits::infinity(), limits::denorm_min(), limits::lowest()};
      const auto choice = random_below(rng, 12);
      return choice < 6 ? odd[choice] : static_cast<T>(static_cast<double>(rng()) / 1e9 - 1e9);
    } else if constexpr (std::is_integral_v<T>) {
      using limits = std::numeric_limits<T>;
      const T odd[] = {T{0}, T{1}, static_cast<T>(-1), limits::min(), limits::max()};
      const auto choice = random_below(rng, 10);
      return choice < 5 ? odd[choice] : static_cast<T>(rng());
    } else {
      T container; // of the standard library
      const auto n = random_size(rng);
      for (std::size_t i = 0; i < n; ++i)
        container.insert(container.end(), random_value<typename T::value_type>::make(rng));
      return container;
    }
  }
};

template <class T>
struct random_value<const T> : random_value<T> {};

template <class A, class B>
struct random_value<std::pair<A, B>> {
  static std::pair<A, B> make(random_source& rng) { return {random_value<A>::make(rng), random_value<B>::make(rng)}; }
};

template <class... T>
struct random_value<std::tuple<T...>> {
  static std::tuple<T...> make([[maybe_unused]] random_source& rng) {
    return std::tuple<T...>{random_value<T>::make(rng)...};
  }
};

template <class T, std::size_t N>
struct random_value<std::array<T, N>> {
  static std::array<T, N> make([[maybe_unused]] random_source& rng) {
    std::array<T, N> value{};
    for (auto& each : value)
      each = random_value<T>::make(rng);
    return value;
  }
};

template <class T>
struct random_value<std::optional<T>> {
  static std::optional<T> make(random_source& rng) {
    if (random_below(rng, 2) == 0)
      return std::nullopt;
    return random_value<T>::make(rng);
  }
};

template <>
struct random_value<std::monostate> {
  static std::monostate make(random_source&) { return {}; }
};

template <class... T>
struct random_value<std::variant<T...>> {
  static std::variant<T...> make(random_source& rng) {
    using maker = std::variant<T...> (*)(random_source&);
    constexpr auto makers = []<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<maker, sizeof...(T)>{[](random_source& source) {
        return std::variant<T...>{std::in_place_index<I>, random_value<T>::make(source)};
      }...};
    }
    (std::index_sequence_for<T...>{});
    return makers[random_below(rng, makers.size())](rng);
  }
};

} // namespace crema::testing
