#pragma once

#include "dataflow/op/action.hpp"
#include "dataflow/sort/sort_key.hpp"

#include <algorithm>
#include <concepts>

namespace crema {

namespace internal {

/// Keeps the best n records of a partition in a heap; equal ones by their order.
template <class T, class KeyFn, class Before>
struct best_state {
  using key_type = std::decay_t<std::invoke_result_t<KeyFn&, const T&>>;
  struct candidate {
    key_type key;
    std::uint64_t order;
    T record;
  };

  action_site at;
  std::uint64_t n;
  KeyFn key;
  std::uint64_t seen = 0;
  std::vector<candidate> heap{}; // the worst of the kept on top

  friend auto plan_parts(const best_state& whole, auto&& take) { return take(whole.at, whole.n, whole.key); }

  /// Whether `a` is before `b`, made total for floating-point numbers: NaN comes last whatever the direction.
  static bool ahead(const key_type& a, const key_type& b) {
    if constexpr (std::floating_point<key_type>)
      return !__builtin_isnan(a) && (__builtin_isnan(b) || Before{}(a, b));
    else
      return sort_order<key_type, Before>{}(a, b);
  }

  static bool better(const candidate& a, const candidate& b) {
    if (ahead(a.key, b.key))
      return true;
    return !ahead(b.key, a.key) && a.order < b.order;
  }

  template <class X>
  void add(X&& x) {
    const auto order = seen++;
    if (n == 0)
      return;
    T record(std::forward<X>(x));
    guarded(at, [&] {
      candidate next{std::invoke(key, std::as_const(record)), order, std::move(record)};
      if (heap.size() < n) {
        heap.push_back(std::move(next));
        std::push_heap(heap.begin(), heap.end(), better);
      } else if (ahead(next.key, heap.front().key)) {
        std::pop_heap(heap.begin(), heap.end(), better);
        heap.back() = std::move(next);
        std::push_heap(heap.begin(), heap.end(), better);
      }
    });
  }

  template <class Cursor>
  bool pump(Cursor& from, std::size_t batch) {
    return add_all(*this, from, batch);
  }

  std::vector<T> result() {
    std::sort_heap(heap.begin(), heap.end(), better);
    std::vector<T> records;
    for (auto& kept : heap)
      records.push_back(std::move(kept.record));
    return records;
  }
};

template <class T, class Before, class Link, class KeyFn>
job<std::vector<T>> best_job(const Link& from, const char* action, std::int64_t wanted, KeyFn key, Before) {
  static_assert(std::invocable<KeyFn&, const T&>, "the key function must be callable with a record");
  using state = best_state<T, KeyFn, Before>;
  const auto n = static_cast<std::uint64_t>(std::max<std::int64_t>(0, wanted));
  state initial{{from.at.get(), action}, n, key, 0, {}};
  return value_job<std::vector<T>>(from, action, initial, [initial](std::vector<T> best) mutable {
    for (auto&& record : best)
      initial.add(T(std::move(record)));
    return initial.result();
  });
}

} // namespace internal

template <class T, class Node>
template <class KeyFn>
job<std::vector<T>> rdd<T, Node>::take_ordered_async(std::int64_t n, KeyFn key) const {
  return internal::best_job<T>(link(), "take_ordered", n, std::move(key), std::less<>{});
}

template <class T, class Node>
template <class KeyFn>
job<std::vector<T>> rdd<T, Node>::top_async(std::int64_t n, KeyFn key) const {
  return internal::best_job<T>(link(), "top", n, std::move(key), std::greater<>{});
}

} // namespace crema
