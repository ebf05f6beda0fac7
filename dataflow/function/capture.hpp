#pragma once

#include "dataflow/block/codec.hpp"
#include "dataflow/block/record_traits.hpp"
#include "dataflow/function/portability.hpp"

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace crema {
namespace internal {

/// Whether T is written by a codec that knows its parts, rather than as the bytes that it is. Only the codec of last
/// resort, for all types without one of their own, says whether they are `plain`.
template <class T>
concept written = encodable<T> &&(!std::is_class_v<T> || archived_record<T> || !requires { codec<T>::plain; });

/// What can be a state of `crema::capture`: all that a record can be, and every portable function.
template <class T>
concept capturable = written<T> ||(portability_of<T> != portability::local_only && !refers<T>())
                     || portability_of<T> == portability::address;

template <class T>
inline constexpr bool is_data_pointer = std::is_pointer_v<T>&& portability_of<T> != portability::address;

/// A function with its states: what `crema::capture` returns. Copies copy the states.
template <class Function, class... States>
class captured {
public:
  captured(Function f, std::tuple<States...> s) : function_{std::move(f)}, states_{std::move(s)} {}

  template <class... Args>
  requires std::is_invocable_v<const Function&, const States&..., Args...>
  decltype(auto) operator()(Args&&... args) const { return call(function_, std::forward<Args>(args)...); }

  /// For a `mutable` lambda; the states stay const.
  template <class... Args>
  requires(!std::is_invocable_v<const Function&, const States&...,
                                Args...> && std::is_invocable_v<Function&, const States&..., Args...>) decltype(auto)
  operator()(Args&&... args) {
    return call(function_, std::forward<Args>(args)...);
  }

  const Function& function() const noexcept { return function_; }
  const std::tuple<States...>& states() const noexcept { return states_; }

private:
  template <class F, class... Args>
  decltype(auto) call(F& f, Args&&... args) const {
    return std::apply(
      [&](const States&... given) -> decltype(auto) { return std::invoke(f, given..., std::forward<Args>(args)...); },
      states_);
  }

  [[no_unique_address]] Function function_;
  std::tuple<States...> states_;
};

template <class State>
constexpr bool check_state() {
  static_assert(!is_data_pointer<State>,
                "crema::capture: a state is a pointer, which means nothing in another process; "
                "pass the value itself (a std::string for a string literal)");
  static_assert(!is_view<State>,
                "crema::capture: a state is a view (std::string_view, std::span, std::reference_wrapper, "
                "an iterator), and what it refers to stays behind; pass a std::string or a container");
  static_assert(
    is_data_pointer<State> || is_view<State> || capturable<State>,
    "crema::capture: a state cannot be written as bytes: it holds a pointer or reference, or its type needs a "
    "member `template <class Archive> void serialize(Archive&, unsigned)`");
  return true;
}

/// True. Asked before anything else may look at a closure, for `free_of_addresses` to have its chance on g++.
template <class T>
inline constexpr bool proof_first = free_of_addresses<T> || portability_of<T> <= portability::local_only;

} // namespace internal

/// A function that takes its state along, wherever the job runs: for what a plain closure cannot carry.
///
///     std::vector<std::string> stop_words = …;
///     words.filter(crema::capture(stop_words, [](const std::vector<std::string>& stop, const std::string& word) {
///       return !std::binary_search(stop.begin(), stop.end(), word);
///     }));
///
/// The function comes last and is called as `function(state..., args...)`: the states first, const, in the order in
/// which they were given. It must itself capture nothing or plain values. A state may be anything that can be a record,
/// or another function (a lambda, a function pointer, a `crema::capture`). States are copied or moved in once here and
/// once per process, and written whole with each job: what is large and used by many functions belongs into a
/// broadcast. A call costs what a call of the function costs. The order is that of std::bind_front, turned round
/// so that the function stands where a lambda would.
///
/// What no process could read back does not compile: pointers, views, references, types that cannot be written.
template <class... StatesThenFunction>
requires(internal::proof_first<std::decay_t<StatesThenFunction>>&&...) auto capture(StatesThenFunction&&... parts) {
  static_assert(sizeof...(parts) >= 2, "crema::capture takes at least one state and then, last, the function");
  if constexpr (sizeof...(parts) >= 2) {
    using all = std::tuple<std::decay_t<StatesThenFunction>...>;
    using function = std::tuple_element_t<sizeof...(parts) - 1, all>;
    static_assert(
      internal::portability_of<function> != internal::portability::local_only,
      "crema::capture: the last argument must be a function that captures nothing or plain values by value; "
      "pass all else as states before it");
    auto given = std::forward_as_tuple(std::forward<StatesThenFunction>(parts)...);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      static_assert((internal::check_state<std::tuple_element_t<I, all>>() && ...));
      // NOLINTBEGIN(bugprone-use-after-move): each move takes another element
      return internal::captured<function, std::tuple_element_t<I, all>...>{
        std::get<sizeof...(parts) - 1>(std::move(given)), {std::get<I>(std::move(given))...}};
      // NOLINTEND(bugprone-use-after-move)
    }
    (std::make_index_sequence<sizeof...(parts) - 1>{});
  }
}

} // namespace crema
