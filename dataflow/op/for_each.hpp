#pragma once

#include "dataflow/op/action.hpp"
#include "dataflow/op/partition_range.hpp"

namespace crema {

namespace internal {

template <class T, class F>
struct for_each_state {
  static constexpr bool io_bound = is_io_bound<F>;
  action_site at;
  F f;
  [[no_unique_address]] scratch<T> room{};

  friend auto plan_parts(const for_each_state& whole, auto&& take) { return take(whole.at, whole.f); }

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    auto sink = [this]<class X>(X && x) __attribute__((always_inline)) {
      if constexpr (std::invocable<F&, X&&>)
        guarded(at, f, std::forward<X>(x));
      else
        guarded(at, f, room.hold(std::forward<X>(x)));
    };
    return from.pump(sink, n);
  }
  std::optional<bool> result() const { return {}; }
};

/// Ends a task by giving its whole cursor to a function.
template <class T, class F>
class partition_terminal {
public:
  using emits = void;
  struct settings {
    static constexpr bool io_bound = is_io_bound<F>;
    action_site at;
    F f;
    friend auto plan_parts(const settings& whole, auto&& take) { return take(whole.at, whole.f); }
  };

  partition_terminal(task_scope& task, const settings& given) : at_{given.at}, f_{given.f} { task.must_not_starve(); }

  template <class Cursor>
  bool pump(Cursor& from, std::size_t) {
    cursor_range<T, Cursor> records{std::move(from)};
    guarded(at_, f_, static_cast<partition_range<T>&>(records));
    return false;
  }
  void flush(emitter&) {}
  step_result finish(emitter&, std::chrono::steady_clock::time_point) { return step_result::done; }

private:
  action_site at_;
  F f_;
};

} // namespace internal

template <class T, class Node>
template <class F>
job<void> rdd<T, Node>::for_each_async(F f) const {
  static_assert(internal::record_function<F, T>, "for_each: the function must be callable with a record");
  auto from = link();
  return internal::value_job<void>(from, "for_each",
                                   internal::for_each_state<T, F>{{from.at.get(), "for_each"}, std::move(f)},
                                   [](const std::vector<bool>&) {});
}

template <class T, class Node>
template <class F>
job<void> rdd<T, Node>::for_each_partition_async(F f) const {
  static_assert(std::invocable<F&, partition_range<T>&>,
                "for_each_partition: the function must be callable with crema::partition_range<T>&");
  auto from = link();
  auto nothing = std::make_shared<internal::block_collector>(static_cast<std::size_t>(num_partitions()));
  auto tasks =
    internal::end_in<internal::partition_terminal<T, F>>(from, {{from.at.get(), "for_each_partition"}, std::move(f)});
  return {internal::job_handle{internal::start_action(node_, "for_each_partition", std::move(tasks), nothing)}, [] {}};
}

} // namespace crema
