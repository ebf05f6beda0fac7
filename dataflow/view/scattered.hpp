#pragma once

#include "dataflow/op/persist.hpp"
#include "dataflow/view/view.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace crema {

/// Records that lie on the engines of a view, a part on each: what `view::scatter` returns. Handles can be copied; the
/// parts live until the last handle is gone, and are sent or computed again where an engine is lost.
template <class T>
class scattered {
public:
  /// Calls `f(part)` with a `const std::vector<T>&` on each engine that has one.
  template <class F>
  auto apply(F f) const;

  /// All records, in their order.
  std::vector<T> gather() const;

private:
  friend class view;

  struct lying {
    lying(std::shared_ptr<internal::context_state> state, rdd<internal::call_piece<std::vector<T>>> all,
          std::vector<int> on)
        : context{std::move(state)}, parts{std::move(all)}, engines{std::move(on)} {}
    lying(const lying&) = delete;
    lying& operator=(const lying&) = delete;
    ~lying() { parts.unpersist(); }

    std::shared_ptr<internal::context_state> context;
    rdd<internal::call_piece<std::vector<T>>> parts;
    std::vector<int> engines; ///< each has the partition of its number
  };

  explicit scattered(std::shared_ptr<const lying> parts) : lying_{std::move(parts)} {}

  std::shared_ptr<const lying> lying_;
};

template <std::ranges::input_range Range>
auto view::scatter(Range&& range, source_location where) const {
  using T = internal::owned_t<std::ranges::range_value_t<Range>>;
  using part = internal::call_piece<std::vector<T>>;
  const auto grid = internal::grid_of(*context_);
  auto cut = internal::cut(internal::arguments_of(std::forward<Range>(range)), engines_.size());
  std::vector<part> by_partition(static_cast<std::size_t>(grid.width()));
  for (std::size_t i = 0; i != engines_.size(); ++i) {
    std::vector<std::vector<T>> one(1);
    if (i < cut.size())
      one.front() = std::move(cut[i].second);
    by_partition[static_cast<std::size_t>(engines_[i])] = {i, std::move(one)};
  }
  auto lies = internal::make_rdd<internal::parallelize_node<part>>(
    internal::node_info{context_, "scatter", where}, std::make_shared<const std::vector<part>>(std::move(by_partition)),
    grid.width());
  scattered<T> parts{std::make_shared<const typename scattered<T>::lying>(context_, rdd<part>{lies}.cache(), engines_)};
  parts.apply([](const std::vector<T>&) {}).get();
  return parts;
}

template <class T>
template <class F>
auto scattered<T>::apply(F f) const {
  using part = std::vector<T>;
  using returned = internal::returned_t<F, part>;
  using value = internal::call_value<returned>;
  const auto& context = lying_->context;
  const auto& parts = lying_->parts;
  const auto& engines = lying_->engines;
  auto log = std::make_shared<internal::call_log<value>>(engines.size());
  for (std::size_t i = 0; i != engines.size(); ++i)
    log->assign(i, 1, engines[i]);
  const internal::node_info info{context, "apply", parts.node()->where(), 0, internal::is_io_bound<F>};
  std::vector<internal::job_handle> jobs;
  jobs.push_back(internal::start_calls(
    context, internal::plan_calls<part>(info, internal::shared_link(parts.node()), std::move(f), engines),
    std::make_shared<internal::call_handler<value>>(log)));
  return async_result<returned>{std::move(log), std::move(jobs)};
}

template <class T>
std::vector<T> scattered<T>::gather() const {
  std::vector<T> all;
  for (auto& part : apply([](const std::vector<T>& mine) { return mine; }).get())
    std::move(part.begin(), part.end(), std::back_inserter(all));
  return all;
}

} // namespace crema
