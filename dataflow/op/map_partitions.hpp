#pragma once

#include "dataflow/op/partition_range.hpp"
#include "dataflow/plan/cursor.hpp"
#include "dataflow/plan/task.hpp"
#include "dataflow/rdd.hpp"
#include "dataflow/thin/ranges.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace crema::internal {

template <class F, class T>
using partition_elements_t = std::remove_cvref_t<std::invoke_result_t<F&, int, partition_range<T>&>>;

/// F: (int partition, partition_range<T>&) → range. The function pulls while all else pushes, so this node starts a
/// loop of its own.
template <class Link, class F>
class map_partitions_node final
    : public dataset<owned_t<std::ranges::range_value_t<partition_elements_t<F, typename Link::value_type>>>> {
  using in = typename Link::value_type;
  using elements = partition_elements_t<F, in>;
  using base = dataset<owned_t<std::ranges::range_value_t<elements>>>;

public:
  using pushes = std::ranges::range_value_t<elements>;

  map_partitions_node(node_info info, Link parent, F f)
      : base{info, dependency::narrow, parent.at->partitions(), {parent.at}},
        parent_{std::move(parent)},
        f_{std::move(f)} {}

  template <class Inner>
  class cursor_type {
  public:
    cursor_type(const map_partitions_node& at, int partition, Inner inner)
        : at_{&at},
          partition_{partition},
          records_{std::make_unique<cursor_range<in, Inner>>(std::move(inner))},
          f_{std::make_unique<F>(at.f_)} {}

    void feed(block_ptr) {}

    template <class Sink, class Asked>
    bool pump(Sink& sink, const Asked& asked) {
      if (!result_) {
        result_ = std::make_unique<running>(*at_, *f_, partition_, *records_);
      }
      for (auto n = most(asked); n != 0 && !full(asked); --n) {
        if (guarded(*at_, [&] { return result_->at == std::ranges::end(result_->elements); }))
          return false;
        if constexpr (std::is_lvalue_reference_v<decltype(*result_->at)> && !std::ranges::view<elements>
                      && !std::is_const_v<std::remove_reference_t<decltype(*result_->at)>>)
          sink(std::move(*result_->at));
        else
          sink(guarded(*at_, [&]() -> decltype(auto) { return *result_->at; }));
        guarded(*at_, [&] { ++result_->at; });
      }
      return true;
    }

  private:
    struct running {
      running(const map_partitions_node& node, F& f, int partition, partition_range<in>& records)
          : elements(guarded(node, f, partition, records)),
            at(guarded(node, [this] { return std::ranges::begin(elements); })) {}
      map_partitions_node::elements elements;
      std::ranges::iterator_t<map_partitions_node::elements> at;
    };

    const map_partitions_node* at_;
    int partition_;
    // Behind pointers, because what the function returns may refer to both.
    std::unique_ptr<cursor_range<in, Inner>> records_;
    std::unique_ptr<F> f_;
    std::unique_ptr<running> result_;
  };

  auto cursor(task_scope& task, int p, feeding) const {
    task.must_not_starve(); // a function that pulls cannot wait for blocks to arrive
    auto inner = parent_.cursor(task, p, feeding::pull);
    return cursor_type<decltype(inner)>{*this, p, std::move(inner)};
  }

  std::unique_ptr<block_operator> open(task_scope& task, int p) const override {
    auto opened = cursor(task, p, feeding::pull);
    return std::unique_ptr<block_operator>{
      new cursor_operator<typename base::value_type, decltype(opened)>{std::move(opened)}};
  }

  node::place feeder(const job_scope&, int) const { return {}; }
  bool fuses() const noexcept override { return fuses_parent<Link>; }
  void write(plan_writer& out) const override { out.node<map_partitions_node>(parent_, f_); }

private:
  Link parent_;
  F f_;
};

/// The function with an index, made of one without.
template <class F>
struct without_index {
  F f;
  friend auto plan_parts(const without_index& whole, auto&& take) { return take(whole.f); }
  template <class Records>
  auto operator()(int, Records& records) {
    return f(records);
  }
};

template <class Link, class F>
auto make_map_partitions(node_info info, Link parent, F f) {
  using T = typename Link::value_type;
  static_assert(std::ranges::input_range<partition_elements_t<F, T>>,
                "map_partitions: the function must return a range (a vector, a view, …)");
  return make_rdd<map_partitions_node<Link, F>>(std::move(info), std::move(parent), std::move(f));
}

struct glom_function {
  template <class T>
  std::vector<std::vector<T>> operator()(int, partition_range<T>& records) const {
    std::vector<std::vector<T>> one(1);
    for (auto& record : records)
      one.front().push_back(std::move(record));
    return one;
  }
};

} // namespace crema::internal

namespace crema {

template <class T, class Node>
template <class F>
auto rdd<T, Node>::map_partitions(F f, source_location where) const& {
  static_assert(std::invocable<F&, partition_range<T>&>,
                "map_partitions: the function must be callable with crema::partition_range<T>&");
  return internal::make_map_partitions(info<F>("map_partitions", where), link(),
                                       internal::without_index<F>{std::move(f)});
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::map_partitions(F f, source_location where) && {
  static_assert(std::invocable<F&, partition_range<T>&>,
                "map_partitions: the function must be callable with crema::partition_range<T>&");
  return internal::make_map_partitions(info<F>("map_partitions", where), std::move(*this).link(),
                                       internal::without_index<F>{std::move(f)});
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::map_partitions_with_index(F f, source_location where) const& {
  static_assert(std::invocable<F&, int, partition_range<T>&>,
                "map_partitions_with_index: the function must be callable with (int, crema::partition_range<T>&)");
  return internal::make_map_partitions(info<F>("map_partitions_with_index", where), link(), std::move(f));
}

template <class T, class Node>
template <class F>
auto rdd<T, Node>::map_partitions_with_index(F f, source_location where) && {
  static_assert(std::invocable<F&, int, partition_range<T>&>,
                "map_partitions_with_index: the function must be callable with (int, crema::partition_range<T>&)");
  return internal::make_map_partitions(info<F>("map_partitions_with_index", where), std::move(*this).link(),
                                       std::move(f));
}

template <class T, class Node>
auto rdd<T, Node>::glom(source_location where) const& {
  return internal::make_map_partitions(info("glom", where), link(), internal::glom_function{});
}

template <class T, class Node>
auto rdd<T, Node>::glom(source_location where) && {
  return internal::make_map_partitions(info("glom", where), std::move(*this).link(), internal::glom_function{});
}

} // namespace crema
