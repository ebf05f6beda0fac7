#pragma once

#include "dataflow/plan/cursor.hpp"
#include "dataflow/rdd.hpp"
#include "dataflow/thin/ranges.hpp"

namespace crema::internal {

/// Pushes every element of `elements`; what iterating throws is the operator's.
/// Elements of a range that was returned by value are moved out.
template <class Range, class Sink>
[[gnu::always_inline]] inline void push_all(const node& at, Range&& elements, Sink& sink) {
  constexpr bool ours = !std::is_lvalue_reference_v<Range> && !std::ranges::view<std::remove_cvref_t<Range>>;
  auto i = guarded(at, [&] { return std::ranges::begin(elements); });
  const auto end = guarded(at, [&] { return std::ranges::end(elements); });
  for (; guarded(at, [&] { return i != end; }); guarded(at, [&] { ++i; })) {
    if constexpr (ours && std::is_lvalue_reference_v<decltype(*i)>)
      sink(std::move(*i));
    else
      sink(guarded(at, [&]() -> decltype(auto) { return *i; }));
  }
}

template <class F, class T, class X>
using elements_t = std::remove_cvref_t<applied_t<F, T, X>>;

template <class Link, class F>
class flat_map_node final
    : public narrow<
        flat_map_node<Link, F>, Link,
        owned_t<std::ranges::range_value_t<elements_t<F, typename Link::value_type, typename Link::pushes>>>> {
  using in = typename Link::value_type;
  using elements = elements_t<F, in, typename Link::pushes>;
  using base = narrow<flat_map_node, Link, owned_t<std::ranges::range_value_t<elements>>>;

public:
  using pushes = std::ranges::range_value_t<elements>;

  flat_map_node(node_info info, Link parent, F f) : base{std::move(info), std::move(parent)}, f_{std::move(f)} {}

  template <class Inner>
  class cursor_type {
  public:
    cursor_type(const flat_map_node& at, Inner inner) : at_{&at}, inner_{std::move(inner)}, f_{at.f_} {}

    void feed(block_ptr next) { inner_.feed(std::move(next)); }

    template <class Sink, class Asked>
    [[gnu::always_inline]] bool pump(Sink& sink, const Asked& asked) {
      auto through = [&]<class X>(X && x) __attribute__((always_inline)) {
        apply<in>(
          *at_, f_, room_, std::forward<X>(x), [&]<class R>(R && result) __attribute__((always_inline)) {
            push_all(*at_, std::forward<R>(result), sink);
          });
      };
      return inner_.pump(through, asked);
    }

  private:
    const flat_map_node* at_;
    Inner inner_;
    F f_;
    [[no_unique_address]] scratch<in> room_;
  };

  auto cursor(task_scope& task, int p, feeding mode) const {
    auto inner = this->parent().cursor(task, p, mode);
    return cursor_type<decltype(inner)>{*this, std::move(inner)};
  }

  void write(plan_writer& out) const override { out.node<flat_map_node>(this->parent(), f_); }

private:
  F f_;
};

template <class Link, class F>
auto make_flat_map(node_info info, Link parent, F f) {
  using T = typename Link::value_type;
  static_assert(record_function<F, T>, "flat_map: the function must be callable with a record of this dataset");
  static_assert(std::ranges::input_range<elements_t<F, T, typename Link::pushes>>,
                "flat_map: the function must return a range (a vector, an array, a view, …)");
  return make_rdd<flat_map_node<Link, F>>(std::move(info), std::move(parent), std::move(f));
}

} // namespace crema::internal

namespace crema {

template <class T, class Node>
template <class F>
auto rdd<T, Node>::flat_map(F f, source_location where) const& {
  return internal::make_flat_map(info<F>("flat_map", where), link(), std::move(f));
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::flat_map(F f, source_location where) && {
  return internal::make_flat_map(info<F>("flat_map", where), std::move(*this).link(), std::move(f));
}

} // namespace crema
