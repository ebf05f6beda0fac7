#pragma once

#include "dataflow/view/view.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace crema {

namespace internal {

/// What is left of the calls of a balanced view. Thread-safe.
template <class T, class F>
class calls_left {
public:
  using value = call_value<returned_t<F, T>>;

  calls_left(node_info info, F f, std::vector<T> arguments, int engines)
      : info_{std::move(info)},
        f_{std::move(f)},
        arguments_{std::move(arguments)},
        engines_{static_cast<std::size_t>(engines)},
        log_{std::make_shared<call_log<value>>(arguments_.size())} {}

  const std::shared_ptr<call_log<value>>& log() const noexcept { return log_; }

  /// The next piece, for `engine` to make; nothing once all are given out.
  std::optional<job_plan> take(int engine) {
    call_piece<T> piece;
    {
      std::lock_guard lock{mutex_};
      const auto left = arguments_.size() - next_;
      if (left == 0)
        return {};
      const auto size = std::max<std::size_t>(1, left / (2 * engines_));
      const auto from = arguments_.begin() + static_cast<std::ptrdiff_t>(next_);
      piece = {next_, {std::move_iterator{from}, std::move_iterator{from + static_cast<std::ptrdiff_t>(size)}}};
      next_ += size;
    }
    log_->assign(static_cast<std::size_t>(piece.first), piece.second.size(), engine);
    const auto grid = grid_of(*info_.context);
    std::vector<call_piece<T>> by_partition(static_cast<std::size_t>(std::max(grid.width(), engine + 1)));
    by_partition[static_cast<std::size_t>(engine)] = std::move(piece);
    return plan_pieces<T>(info_, std::move(by_partition), f_, {engine});
  }

private:
  const node_info info_;
  const F f_;
  std::mutex mutex_;
  std::vector<T> arguments_;
  std::size_t next_ = 0;
  const std::size_t engines_;
  const std::shared_ptr<call_log<value>> log_;
};

} // namespace internal

/// All engines of a client, for calls of which each is made by whichever engine is free: ipyparallel's
/// LoadBalancedView.
///
///     c.balanced().map(render, frames).get() // a slow frame holds nobody up
class balanced_view {
public:
  /// Calls `f(arguments...)` once.
  template <class F, class... Arguments>
  auto apply(F f, Arguments&&... arguments) const;

  /// Calls `f` with each element of a range. Engines take pieces of what is left, the smaller the less that is, so all
  /// end at about the same time (guided self-scheduling: Polychronopoulos and Kuck, 1987).
  template <class F, std::ranges::input_range Range>
  auto map(F f, Range&& range, source_location where = source_location::current()) const;

private:
  friend class client;
  explicit balanced_view(view engines) : engines_{std::move(engines)} {}

  view engines_;
  std::shared_ptr<std::atomic<unsigned>> turn_ = std::make_shared<std::atomic<unsigned>>(0);
};

template <class F, std::ranges::input_range Range>
auto balanced_view::map(F f, Range&& range, source_location where) const {
  if constexpr (internal::is_io_bound<F>) {
    return engines_.map(std::move(f), std::forward<Range>(range), where); // each call is a task of its own already
  } else {
    using T = internal::owned_t<std::ranges::range_value_t<Range>>;
    using calls = internal::calls_left<T, F>;
    const auto left = std::make_shared<calls>(internal::node_info{engines_.context_, "map", where}, std::move(f),
                                              internal::arguments_of(std::forward<Range>(range)), engines_.size());
    std::vector<internal::job_handle> jobs;
    for (const int engine : engines_.engines_)
      if (auto first = left->take(engine))
        jobs.push_back(internal::start_calls(engines_.context_, std::move(*first),
                                             std::make_shared<internal::call_handler<typename calls::value>>(
                                               left->log(), [left, engine] { return left->take(engine); })));
    return async_result<internal::returned_t<F, T>>{left->log(), std::move(jobs)};
  }
}

template <class F, class... Arguments>
auto balanced_view::apply(F f, Arguments&&... arguments) const {
  const auto next = turn_->fetch_add(1) % engines_.engines_.size();
  return view{engines_.context_, {engines_.engines_[next]}}.apply(std::move(f), std::forward<Arguments>(arguments)...);
}

} // namespace crema
