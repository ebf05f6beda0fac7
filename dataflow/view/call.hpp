#pragma once

#include "dataflow/block/composite_codec.hpp"
#include "dataflow/block/container_codec.hpp"
#include "dataflow/error.hpp"
#include "dataflow/plan/apply.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// What views send to engines and get back: calls in pieces, a piece a task.

namespace crema::internal {

/// Some arguments of calls, the first of which is number `first` of all.
template <class T>
using call_piece = std::pair<std::uint64_t, std::vector<T>>;

/// Stands for the argument of a call that takes none.
struct no_argument {};

/// What a call gave: its value, or what it threw, as bytes.
template <class V>
using call_result = std::variant<V, std::string>;

std::string pack_error(const error& failure);
error unpack_error(std::string_view bytes);

/// What calls of F with a T give; a std::monostate where they give nothing.
template <class F, class T>
struct call_of {
  using type = std::invoke_result_t<F&, const T&>;
};
template <class F>
struct call_of<F, no_argument> {
  using type = std::invoke_result_t<F&>;
};
template <class F, class T>
using returned_t = typename call_of<F, T>::type;
template <class R>
using call_value = std::conditional_t<std::is_void_v<R>, std::monostate, owned_t<R>>;

/// Calls a function with each argument of a piece. A call that throws costs only its own result.
template <class F, class T>
struct piece_calls {
  F f;

  using value = call_value<returned_t<F, T>>;
  friend auto plan_parts(const piece_calls& whole, auto&& take) { return take(whole.f); }

  call_piece<call_result<value>> operator()(const call_piece<T>& arguments) {
    call_piece<call_result<value>> results{arguments.first, {}};
    results.second.reserve(arguments.second.size());
    for (const auto& argument : arguments.second)
      results.second.push_back(call(argument));
    return results;
  }

private:
  call_result<value> call(const T& argument) {
    try {
      if constexpr (std::is_void_v<returned_t<F, T>>) {
        invoke(argument);
        return call_result<value>{std::in_place_index<0>};
      } else {
        return call_result<value>{std::in_place_index<0>, invoke(argument)};
      }
    } catch (...) {
      return call_result<value>{std::in_place_index<1>, pack_error(current_error({}))};
    }
  }

  decltype(auto) invoke(const T& argument) {
    if constexpr (std::is_same_v<T, no_argument>)
      return std::invoke(f);
    else
      return std::invoke(f, argument);
  }
};

} // namespace crema::internal
