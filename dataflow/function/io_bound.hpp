#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace crema {
namespace internal {

/// What `crema::io_bound` returns: calls what it wraps.
template <class F>
struct io_bound_function {
  F f;

  friend auto plan_parts(const io_bound_function& whole, auto&& take) { return take(whole.f); }

  template <class... Args>
  requires std::invocable<F&, Args...> std::invoke_result_t<F&, Args...>
  operator()(Args&&... args) { return std::invoke(f, std::forward<Args>(args)...); }

  template <class... Args>
  requires std::invocable<const F&, Args...> std::invoke_result_t<const F&, Args...>
  operator()(Args&&... args) const { return std::invoke(f, std::forward<Args>(args)...); }
};

template <class F>
inline constexpr bool is_io_bound = false;
template <class F>
inline constexpr bool is_io_bound<io_bound_function<F>> = true;

} // namespace internal

/// Marks a function that spends its time waiting for something else: an answer, a disk, a lock.
///
///     auto pages = ctx.parallelize(urls, 200).map(crema::io_bound(fetch)); // 200 at once, on any number of cores
///
/// The tasks of a stage that calls such a function run on threads of their own, as many at once as the engine has I/O
/// slots (`config.io_slots`, 256), so that they hold no core up. A task still calls for one record after the other:
/// give the dataset as many partitions as calls shall be under way at once. Portable where the function is. Behind a
/// shuffle each partition has its thread at once, because blocks come for all of them. Do not mark what computes: more
/// threads than cores only share the cores.
template <class F>
auto io_bound(F f) {
  return internal::io_bound_function<F>{std::move(f)};
}

} // namespace crema
