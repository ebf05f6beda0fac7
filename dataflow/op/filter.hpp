#pragma once

#include "dataflow/plan/cursor.hpp"
#include "dataflow/rdd.hpp"

namespace crema::internal {

template <class Link, class F>
class filter_node final : public narrow<filter_node<Link, F>, Link, typename Link::value_type> {
  using in = typename Link::value_type;
  using base = narrow<filter_node, Link, in>;

public:
  using pushes = typename Link::pushes;

  filter_node(node_info info, Link parent, F keep) : base{std::move(info), std::move(parent)}, keep_{std::move(keep)} {}

  template <class Inner>
  class cursor_type {
  public:
    cursor_type(const filter_node& at, Inner inner) : at_{&at}, inner_{std::move(inner)}, keep_{at.keep_} {}

    void feed(block_ptr next) { inner_.feed(std::move(next)); }

    template <class Sink, class Asked>
    [[gnu::always_inline]] bool pump(Sink& sink, const Asked& asked) {
      auto through = [&]<class X>(X && x) __attribute__((always_inline)) {
        apply<in>(
          *at_, keep_, room_, std::as_const(x), [&](bool kept) __attribute__((always_inline)) {
            if (kept)
              sink(std::forward<X>(x));
          });
      };
      return inner_.pump(through, asked);
    }

  private:
    const filter_node* at_;
    Inner inner_;
    F keep_;
    [[no_unique_address]] scratch<in> room_;
  };

  auto cursor(task_scope& task, int p, feeding mode) const {
    auto inner = this->parent().cursor(task, p, mode);
    return cursor_type<decltype(inner)>{*this, std::move(inner)};
  }

  void write(plan_writer& out) const override { out.node<filter_node>(this->parent(), keep_); }

private:
  F keep_;
};

template <class Link, class F>
auto make_filter(node_info info, Link parent, F keep) {
  static_assert(
    std::predicate<
      F&, const typename Link::value_type&> || std::predicate<F&, const std::remove_cvref_t<typename Link::pushes>&>,
    "filter: the predicate must be callable with a const record of this dataset and return bool");
  return make_rdd<filter_node<Link, F>>(std::move(info), std::move(parent), std::move(keep));
}

} // namespace crema::internal

namespace crema {

template <class T, class Node>
template <class F>
auto rdd<T, Node>::filter(F keep, source_location where) const& {
  return internal::make_filter(info<F>("filter", where), link(), std::move(keep));
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::filter(F keep, source_location where) && {
  return internal::make_filter(info<F>("filter", where), std::move(*this).link(), std::move(keep));
}

} // namespace crema
