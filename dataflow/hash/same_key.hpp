#pragma once

#include <concepts>
#include <tuple>
#include <utility>

namespace crema::internal {

template <class A, class B>
bool same_key(const std::pair<A, B>& a, const std::pair<A, B>& b);
template <class... Parts>
bool same_key(const std::tuple<Parts...>& a, const std::tuple<Parts...>& b);

/// Whether two keys are one: `==`, except that NaN is the same key as NaN, as their equal hashes say.
template <class K>
bool same_key(const K& a, const K& b) {
  if constexpr (std::floating_point<K>)
    return a == b || (a != a && b != b);
  else
    return a == b;
}

template <class A, class B>
bool same_key(const std::pair<A, B>& a, const std::pair<A, B>& b) {
  return same_key(a.first, b.first) && same_key(a.second, b.second);
}

template <class... Parts>
bool same_key(const std::tuple<Parts...>& a, const std::tuple<Parts...>& b) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (same_key(std::get<I>(a), std::get<I>(b)) && ...);
  }
  (std::index_sequence_for<Parts...>{});
}

} // namespace crema::internal
