#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

namespace crema::internal {

template <class A1, class A2, class B1, class B2>
bool same_key(const std::pair<A1, A2>& a, const std::pair<B1, B2>& b);
template <class... As, class... Bs>
bool same_key(const std::tuple<As...>& a, const std::tuple<Bs...>& b);
template <class A, class B>
bool same_key(const std::optional<A>& a, const std::optional<B>& b);

/// Whether two keys are one: `==`, except that NaN is the same key as NaN, as their equal hashes say. Either may be in
/// a borrowed form, with text as a view.
template <class A, class B>
bool same_key(const A& a, const B& b) {
  if constexpr (std::floating_point<A>)
    return a == b || (a != a && b != b);
  else
    return a == b;
}

template <class A1, class A2, class B1, class B2>
bool same_key(const std::pair<A1, A2>& a, const std::pair<B1, B2>& b) {
  return same_key(a.first, b.first) && same_key(a.second, b.second);
}

template <class... As, class... Bs>
bool same_key(const std::tuple<As...>& a, const std::tuple<Bs...>& b) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (same_key(std::get<I>(a), std::get<I>(b)) && ...);
  }
  (std::index_sequence_for<As...>{});
}

template <class A, class B>
bool same_key(const std::optional<A>& a, const std::optional<B>& b) {
  return a && b ? same_key(*a, *b) : a.has_value() == b.has_value();
}

} // namespace crema::internal
