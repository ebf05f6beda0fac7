#pragma once

#include "dataflow/op/action.hpp"

#include <concepts>
#include <functional>

// reduce, fold, aggregate, sum, min and max: a value per partition, merged in partition order, so that the result does
// not depend on which partition was ready first.

namespace crema {

namespace internal {

template <class T, class F>
struct reduce_state {
  action_site at;
  F f;
  std::optional<T> so_far{};

  friend auto plan_parts(const reduce_state& whole, auto&& take) { return take(whole.at, whole.f); }

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    // The batch with the first record is taken by itself, so that the loop over the others has no question to ask.
    if (!so_far) {
      auto first = [this]<class X>(X&& x) {
        if (so_far)
          so_far.emplace(guarded(at, f, std::move(*so_far), std::forward<X>(x)));
        else
          so_far.emplace(std::forward<X>(x));
      };
      return from.pump(first, n);
    }
    T value = std::move(*so_far);
    auto rest = [ this, &value ]<class X>(X && x) __attribute__((always_inline)) {
      value = T(guarded(at, f, std::move(value), std::forward<X>(x)));
    };
    const bool more = from.pump(rest, n);
    so_far.emplace(std::move(value));
    return more;
  }

  std::optional<T> result() { return std::move(so_far); }
};

template <class T, class F>
T reduce_parts(std::vector<T> parts, F& f, const char* action) {
  if (parts.empty())
    throw error{errc::empty_collection, std::string{action} + ": the dataset has no records"};
  T value = std::move(parts.front());
  for (std::size_t i = 1; i != parts.size(); ++i)
    value = f(std::move(value), T(std::move(parts[i])));
  return value;
}

template <class T, class F, class Link>
job<T> reduce_job(const Link& from, const char* action, F f) {
  return value_job<T>(from, action, reduce_state<T, F>{{from.at.get(), action}, f, {}},
                      [f, action](std::vector<T> parts) mutable { return reduce_parts(std::move(parts), f, action); });
}

template <class U, class Step>
struct aggregate_state {
  action_site at;
  Step step;
  U so_far;

  friend auto plan_parts(const aggregate_state& whole, auto&& take) { return take(whole.at, whole.step, whole.so_far); }

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    U value = std::move(so_far);
    auto sink = [ this, &value ]<class X>(X && x) __attribute__((always_inline)) {
      if constexpr (std::is_void_v<decltype(std::invoke(step, value, std::forward<X>(x)))>)
        guarded(at, step, value, std::forward<X>(x)); // a step that changes its state in place
      else if constexpr (std::is_lvalue_reference_v<decltype(std::invoke(step, value, std::forward<X>(x)))>)
        guarded(at, step, value, std::forward<X>(x));
      else
        value = guarded(at, step, std::move(value), std::forward<X>(x));
    };
    const bool more = from.pump(sink, n);
    so_far = std::move(value);
    return more;
  }

  std::optional<U> result() { return std::move(so_far); }
};

template <class U, class Link, class Step, class Merge>
job<U> aggregate_job(const Link& from, const char* action, U zero, Step step, Merge merge) {
  return value_job<U>(from, action, aggregate_state<U, Step>{{from.at.get(), action}, std::move(step), zero},
                      [zero, merge = std::move(merge)](std::vector<U> parts) mutable {
                        U value = std::move(zero);
                        for (auto&& part : parts)
                          value = merge(std::move(value), U(std::move(part)));
                        return value;
                      });
}

} // namespace internal

template <class T, class Node>
template <class F>
job<T> rdd<T, Node>::reduce_async(F f) const {
  static_assert(std::is_invocable_r_v<T, F&, T, T>, "reduce: the function must map (T, T) to T");
  return internal::reduce_job<T>(link(), "reduce", std::move(f));
}

template <class T, class Node>
template <class F>
job<T> rdd<T, Node>::fold_async(T zero, F f) const {
  static_assert(std::is_invocable_r_v<T, F&, T, T>, "fold: the function must map (T, T) to T");
  return internal::aggregate_job<T>(link(), "fold", std::move(zero), f, f);
}

template <class T, class Node>
template <class U, class Step, class Merge>
job<U> rdd<T, Node>::aggregate_async(U zero, Step step, Merge merge) const {
  static_assert(std::invocable<Step&, U&, const T&> || std::invocable<Step&, U, const T&>,
                "aggregate: the step must map (U, T) to U, or change its first argument in place");
  static_assert(std::is_invocable_r_v<U, Merge&, U, U>, "aggregate: the merge must map (U, U) to U");
  return internal::aggregate_job<U>(link(), "aggregate", std::move(zero), std::move(step), std::move(merge));
}

template <class T, class Node>
auto rdd<T, Node>::sum_async() const {
  if constexpr (std::is_integral_v<T>) {
    // Adding many small numbers must not overflow their own type.
    using wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    return internal::aggregate_job<wide>(
      link(), "sum", wide{0}, [](wide a, T b) { return a + static_cast<wide>(b); }, std::plus<wide>{});
  } else {
    static_assert(
      requires(T a, T b) { T(a + b); }, "sum: records must have an operator+");
    return internal::aggregate_job<T>(link(), "sum", T{}, std::plus<>{}, std::plus<>{});
  }
}

namespace internal {

/// The better of two by key: the first unless `before(key(b), key(a))`. A NaN key loses against every other.
template <class KeyFn, class Before>
struct pick_by_key {
  KeyFn key;
  Before before;

  friend auto plan_parts(const pick_by_key& whole, auto&& take) { return take(whole.key, whole.before); }

  template <class T>
  T operator()(T a, T b) {
    const auto& ka = std::invoke(key, std::as_const(a));
    const auto& kb = std::invoke(key, std::as_const(b));
    if constexpr (std::floating_point<std::remove_cvref_t<decltype(ka)>>) {
      if (__builtin_isnan(ka))
        return b;
      if (__builtin_isnan(kb))
        return a;
    }
    return before(kb, ka) ? std::move(b) : std::move(a);
  }
};

} // namespace internal

template <class T, class Node>
template <class KeyFn>
job<T> rdd<T, Node>::min_async(KeyFn key) const {
  return internal::reduce_job<T>(link(), "min", internal::pick_by_key<KeyFn, std::less<>>{std::move(key), {}});
}

template <class T, class Node>
template <class KeyFn>
job<T> rdd<T, Node>::max_async(KeyFn key) const {
  return internal::reduce_job<T>(link(), "max", internal::pick_by_key<KeyFn, std::greater<>>{std::move(key), {}});
}

} // namespace crema
