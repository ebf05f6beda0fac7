#pragma once

#include "dataflow/op/flat_map.hpp"
#include "dataflow/op/map.hpp"

// key_by, keys, values, map_values and flat_map_values: maps with a function of crema's own.

namespace crema::internal {

template <class F>
struct with_key {
  F f;
  friend auto plan_parts(const with_key& whole, auto&& take) { return take(whole.f); }
  template <class X>
  auto operator()(X&& x) {
    auto key = owned_t<std::invoke_result_t<F&, const std::remove_cvref_t<X>&>>(std::invoke(f, std::as_const(x)));
    return std::pair<decltype(key), owned_t<X>>(std::move(key), owned_t<X>(std::forward<X>(x)));
  }
};

struct take_key {
  template <class Pair>
  auto operator()(Pair&& pair) const {
    return std::forward<Pair>(pair).first;
  }
};

struct take_value {
  template <class Pair>
  auto operator()(Pair&& pair) const {
    return std::forward<Pair>(pair).second;
  }
};

template <class F>
struct on_value {
  F f;
  friend auto plan_parts(const on_value& whole, auto&& take) { return take(whole.f); }
  template <class Pair>
  auto operator()(Pair&& pair) {
    using value = owned_t<decltype(std::invoke(f, std::forward<Pair>(pair).second))>;
    value mapped(std::invoke(f, std::forward<Pair>(pair).second));
    return std::pair<std::remove_cvref_t<decltype(pair.first)>, value>(std::forward<Pair>(pair).first,
                                                                       std::move(mapped));
  }
};

template <class F>
struct flat_on_value {
  F f;
  friend auto plan_parts(const flat_on_value& whole, auto&& take) { return take(whole.f); }
  template <class Pair>
  auto operator()(Pair&& pair) {
    using range = std::remove_cvref_t<decltype(std::invoke(f, std::as_const(pair).second))>;
    static_assert(std::ranges::input_range<range>, "flat_map_values: the function must return a range");
    using key = std::remove_cvref_t<decltype(pair.first)>;
    std::vector<std::pair<key, owned_t<std::ranges::range_value_t<range>>>> out;
    auto&& elements = std::invoke(f, std::as_const(pair).second);
    for (auto&& element : elements)
      out.emplace_back(pair.first, std::forward<decltype(element)>(element));
    return out;
  }
};

template <class T>
constexpr void require_pairs() {
  static_assert(key_value<T>::valid, "this operation needs a dataset of std::pair<key, value> records");
}

} // namespace crema::internal

namespace crema {

template <class T, class Node>
template <class F>
auto rdd<T, Node>::key_by(F f, source_location where) const& {
  static_assert(std::invocable<F&, const T&>, "key_by: the function must be callable with a const record");
  return internal::make_map(info<F>("key_by", where), link(), internal::with_key<F>{std::move(f)});
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::key_by(F f, source_location where) && {
  static_assert(std::invocable<F&, const T&>, "key_by: the function must be callable with a const record");
  return internal::make_map(info<F>("key_by", where), std::move(*this).link(), internal::with_key<F>{std::move(f)});
}

template <class T, class Node>
auto rdd<T, Node>::keys(source_location where) const& {
  internal::require_pairs<T>();
  return internal::make_map(info("keys", where), link(), internal::take_key{});
}

template <class T, class Node>
auto rdd<T, Node>::keys(source_location where) && {
  internal::require_pairs<T>();
  return internal::make_map(info("keys", where), std::move(*this).link(), internal::take_key{});
}

template <class T, class Node>
auto rdd<T, Node>::values(source_location where) const& {
  internal::require_pairs<T>();
  return internal::make_map(info("values", where), link(), internal::take_value{});
}

template <class T, class Node>
auto rdd<T, Node>::values(source_location where) && {
  internal::require_pairs<T>();
  return internal::make_map(info("values", where), std::move(*this).link(), internal::take_value{});
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::map_values(F f, source_location where) const& {
  internal::require_pairs<T>();
  return internal::make_map(info<F>("map_values", where), link(), internal::on_value<F>{std::move(f)});
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::map_values(F f, source_location where) && {
  internal::require_pairs<T>();
  return internal::make_map(info<F>("map_values", where), std::move(*this).link(), internal::on_value<F>{std::move(f)});
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::flat_map_values(F f, source_location where) const& {
  internal::require_pairs<T>();
  return internal::make_flat_map(info<F>("flat_map_values", where), link(), internal::flat_on_value<F>{std::move(f)});
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::flat_map_values(F f, source_location where) && {
  internal::require_pairs<T>();
  return internal::make_flat_map(info<F>("flat_map_values", where), std::move(*this).link(),
                                 internal::flat_on_value<F>{std::move(f)});
}

} // namespace crema
