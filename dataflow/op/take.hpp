#pragma once

#include "dataflow/op/action.hpp"

#include <algorithm>

namespace crema {

namespace internal {

/// Ends a task after `limit` records. It asks for no more source records than results are missing, so that a chain of
/// maps computes not one record too many.
template <class T>
class take_terminal {
public:
  using emits = T;
  using settings = std::uint64_t; ///< the limit

  take_terminal(task_scope&, std::uint64_t limit) : missing_{limit} {}

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    auto sink = [this]<class X>(X&& x) {
      if (missing_ == 0)
        return;
      --missing_;
      builder_.add(std::forward<X>(x));
    };
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(n, missing_));
    return missing_ != 0 && from.pump(sink, until_full{most, [this] { return missing_ == 0; }}) && missing_ != 0;
  }

  void flush(emitter&) {}

  step_result finish(emitter& out, std::chrono::steady_clock::time_point) {
    if (auto records = builder_.take())
      out.emit(0, std::move(records));
    return step_result::done;
  }

private:
  std::uint64_t missing_;
  block_builder<T> builder_{std::size_t{1} << 40};
};

/// Takes from a growing number of partitions until there are enough records, as Spark does: one, then half as many
/// again as the ones tried so far say are needed, but at most four times as many as were tried.
template <class T, class Link>
class take_handler final : public result_handler {
public:
  take_handler(Link from, std::string_view action, std::uint64_t n) : from_{std::move(from)}, action_{action}, n_{n} {}

  std::optional<job_plan> next_plan() override {
    if (collected_)
      guarded(action_site{from_.at.get(), action_}, [this] {
        for (auto&& record : join_blocks<T>(*collected_))
          if (taken_.size() < n_)
            taken_.push_back(std::move(record));
      });
    collected_.reset();
    const int partitions = from_.at->partitions();
    if (taken_.size() >= n_ || next_ == partitions)
      return {};
    std::vector<int> some;
    for (auto width = next_width(); next_ < partitions && width != 0; ++next_, --width)
      some.push_back(next_);
    collected_.emplace(some.size());
    return plan_action(from_.at, action_, end_in<take_terminal<T>>(from_, n_ - taken_.size()), std::move(some));
  }

  void accept(int task, block_ptr records, credit_token credit) override {
    collected_->accept(task, std::move(records), std::move(credit));
  }
  bool discard(int task) override { return collected_->discard(task); }

  std::vector<T> take() { return std::move(taken_); }

private:
  int next_width() const {
    if (next_ == 0)
      return 1;
    const auto most = 4.0 * next_;
    if (taken_.empty())
      return static_cast<int>(std::min(most, 1e9));
    const auto needed = 1.5 * static_cast<double>(n_) * next_ / static_cast<double>(taken_.size());
    return static_cast<int>(std::clamp(needed - next_, 1.0, std::min(most, 1e9)));
  }

  Link from_;
  std::string_view action_;
  std::uint64_t n_;
  int next_ = 0;
  std::optional<block_collector> collected_;
  std::vector<T> taken_;
};

template <class T, class Result, class Link, class Extract>
job<Result> take_job(const Link& from, std::string_view action, std::uint64_t n, Extract extract) {
  auto handler = std::make_shared<take_handler<T, Link>>(from, action, n);
  auto first = handler->next_plan();
  if (!first) // nothing to take: a job without tasks
    first = plan_action(from.at, action, end_in<take_terminal<T>>(from, std::uint64_t{0}), std::vector<int>{});
  auto run = start_job(from.at, std::move(*first), handler);
  return {job_handle{std::move(run)},
          [handler, extract = std::move(extract)]() -> Result { return extract(handler->take()); }};
}

} // namespace internal

template <class T, class Node>
job<std::vector<T>> rdd<T, Node>::take_async(std::int64_t n) const {
  return internal::take_job<T, std::vector<T>>(link(), "take", static_cast<std::uint64_t>(std::max<std::int64_t>(0, n)),
                                               [](std::vector<T> taken) { return taken; });
}

template <class T, class Node>
job<T> rdd<T, Node>::first_async() const {
  return internal::take_job<T, T>(link(), "first", 1, [](std::vector<T> taken) -> T {
    if (taken.empty())
      throw error{errc::empty_collection, "first: the dataset has no records"};
    return std::move(taken.front());
  });
}

} // namespace crema
