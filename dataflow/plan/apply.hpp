#pragma once

#include "dataflow/error.hpp"

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace crema::internal {

class node;

// -- owned records
// -----------------------------------------------------------------------------------------------------

// Inside a fused chain a record may travel in a borrowed form: a text line as a view of the read buffer, a word as a
// view of the line. What a dataset *holds* is the owned form.
template <class T>
struct owned {
  using type = T;
};
template <>
struct owned<std::string_view> {
  using type = std::string;
};
template <>
struct owned<const char*> {
  using type = std::string;
};
template <>
struct owned<char*> {
  using type = std::string;
};
template <class A, class B>
struct owned<std::pair<A, B>> {
  using type = std::pair<typename owned<std::remove_cvref_t<A>>::type, typename owned<std::remove_cvref_t<B>>::type>;
};
template <class... Ts>
struct owned<std::tuple<Ts...>> {
  using type = std::tuple<typename owned<std::remove_cvref_t<Ts>>::type...>;
};
template <class T>
struct owned<std::optional<T>> {
  using type = std::optional<typename owned<std::remove_cvref_t<T>>::type>;
};

/// The record type that a function's result of type X becomes.
template <class X>
using owned_t = typename owned<std::decay_t<X>>::type;

// -- calls of user functions ----------------------------------------------------------------------------------------

/// Where the functions given to an action are called: the action has no node of its own.
struct action_site {
  const node* of; ///< the dataset that was asked
  std::string_view action;
};

/// Throws what is being handled as a crema::error that names the operator or the action `at`.
[[noreturn]] void fail_at(const node& at);
[[noreturn]] void fail_at(const action_site& at);

/// Calls `f(args...)`; an exception leaves as a crema::error that names `at`, a node or an action_site. Costs nothing
/// unless thrown.
template <class Site, class F, class... Args>
[[gnu::always_inline]] inline decltype(auto) guarded(const Site& at, F&& f, Args&&... args) {
  try {
    return std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
  } catch (...) {
    fail_at(at);
  }
}

/// The buffer that turns a borrowed record into an owned one without an allocation for each.
template <class T>
struct scratch {
  template <class X>
  const T& hold(X&& x) {
    value.emplace(std::forward<X>(x));
    return *value;
  }
  std::optional<T> value;
};
template <>
struct scratch<std::string> {
  const std::string& hold(std::string_view x) {
    value.assign(x);
    return value;
  }
  std::string value;
};

/// Calls the user function `f` of operator `at` with the record `x` (of a dataset of T, perhaps in a borrowed form)
/// and hands the result to `then`, while everything that the result may refer to is still alive.
template <class T, class F, class X, class Then>
[[gnu::always_inline]] inline void apply(const node& at, F& f, scratch<T>& room, X&& x, Then&& then) {
  if constexpr (std::invocable<F&, X&&>) {
    then(guarded(at, f, std::forward<X>(x)));
  } else if constexpr (std::invocable<F&, const T&>) {
    then(guarded(at, f, room.hold(std::forward<X>(x))));
  } else if constexpr (std::invocable<F&, T&&>) {
    then(guarded(at, f, T(std::forward<X>(x))));
  } else {
    T copy(std::forward<X>(x));
    then(guarded(at, f, copy));
  }
}

/// Whether F can be called with a record of T in one of the forms that `apply` tries.
template <class F, class T>
concept record_function = std::invocable<F&, const T&> || std::invocable<F&, T&&> || std::invocable<F&, T&>;

/// What a call of F with a record gives, when the record arrives as X.
template <class F, class T, class X>
constexpr auto applied() {
  if constexpr (std::invocable<F&, X&&>)
    return std::type_identity<std::invoke_result_t<F&, X&&>>{};
  else if constexpr (std::invocable<F&, const T&>)
    return std::type_identity<std::invoke_result_t<F&, const T&>>{};
  else if constexpr (std::invocable<F&, T&&>)
    return std::type_identity<std::invoke_result_t<F&, T&&>>{};
  else if constexpr (std::invocable<F&, T&>)
    return std::type_identity<std::invoke_result_t<F&, T&>>{};
  else
    return std::type_identity<void>{};
}
template <class F, class T, class X>
using applied_t = typename decltype(applied<F, T, X>())::type;

} // namespace crema::internal
