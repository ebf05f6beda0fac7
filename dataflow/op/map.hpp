#pragma once

#include "dataflow/plan/cursor.hpp"
#include "dataflow/rdd.hpp"

namespace crema::internal {

template <class Link, class F>
class map_node final
    : public narrow<map_node<Link, F>, Link, owned_t<applied_t<F, typename Link::value_type, typename Link::pushes>>> {
  using in = typename Link::value_type;
  using base = narrow<map_node, Link, owned_t<applied_t<F, in, typename Link::pushes>>>;

public:
  using pushes = applied_t<F, in, typename Link::pushes>;

  map_node(node_info info, Link parent, F f) : base{std::move(info), std::move(parent)}, f_{std::move(f)} {}

  template <class Inner>
  class cursor_type {
  public:
    cursor_type(const map_node& at, Inner inner) : at_{&at}, inner_{std::move(inner)}, f_{at.f_} {}

    void feed(block_ptr next) { inner_.feed(std::move(next)); }

    template <class Sink, class Asked>
    [[gnu::always_inline]] bool pump(Sink& sink, const Asked& asked) {
      auto through = [&]<class X>(X && x) __attribute__((always_inline)) {
        apply<in>(*at_, f_, room_, std::forward<X>(x), sink);
      };
      return inner_.pump(through, asked);
    }

  private:
    const map_node* at_;
    Inner inner_;
    F f_; // a task has its own copy, so that a function with state is used by one thread only
    [[no_unique_address]] scratch<in> room_;
  };

  auto cursor(task_scope& task, int p, feeding mode) const {
    auto inner = this->parent().cursor(task, p, mode);
    return cursor_type<decltype(inner)>{*this, std::move(inner)};
  }

  void write(plan_writer& out) const override { out.node<map_node>(this->parent(), f_); }

private:
  F f_;
};

template <class Link, class F>
auto make_map(node_info info, Link parent, F f) {
  using T = typename Link::value_type;
  static_assert(record_function<F, T>, "map: the function must be callable with a record of this dataset");
  static_assert(!std::is_void_v<applied_t<F, T, typename Link::pushes>>,
                "map: the function must return a value; use for_each for side effects");
  return make_rdd<map_node<Link, F>>(std::move(info), std::move(parent), std::move(f));
}

} // namespace crema::internal

namespace crema {

template <class T, class Node>
template <class F>
auto rdd<T, Node>::map(F f, source_location where) const& {
  return internal::make_map(info<F>("map", where), link(), std::move(f));
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::map(F f, source_location where) && {
  return internal::make_map(info<F>("map", where), std::move(*this).link(), std::move(f));
}

} // namespace crema
