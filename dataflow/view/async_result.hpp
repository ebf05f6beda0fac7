#pragma once

#include "dataflow/error.hpp"
#include "dataflow/job_handle.hpp"
#include "dataflow/thin/chrono.hpp"
#include "dataflow/view/call_log.hpp"

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace crema {

/// What became of one call: its value, or why there is none.
template <class R>
struct outcome {
  using value_type = internal::call_value<R>;

  int engine = 0;
  std::optional<value_type> value{};
  std::optional<error> failure{};

  bool ok() const noexcept { return value.has_value(); }
};

/// How many calls are over.
struct call_progress {
  std::size_t done = 0;
  std::size_t calls = 0;

  double fraction() const noexcept { return calls == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(calls); }
};

/// Calls on their way: what `apply` and `map` of a view return. R is what the function returns.
///
///     auto sizes = c.all().map(count_words, files);
///     while (!sizes.wait_for(1s))
///       fmt::print(stderr, "{:.0f} %\n", 100 * sizes.progress().fraction());
///     for (auto& [engine, value, failure] : sizes.outcomes())
///       …
///
/// Movable. The end of one that nobody has waited for cancels its calls. Not thread-safe. ipyparallel's AsyncResult.
template <class R>
class async_result {
public:
  /// The values in the order of the calls; nothing for functions that return nothing.
  using values = std::conditional_t<std::is_void_v<R>, void, std::vector<typename outcome<R>::value_type>>;

  async_result(std::shared_ptr<internal::call_log<typename outcome<R>::value_type>> log,
               std::vector<internal::job_handle> jobs)
      : log_{std::move(log)}, jobs_{std::move(jobs)} {}

  /// Waits for all calls. Where some have failed it throws: the error itself if it is one, else one of the first's code
  /// whose text has them all, an engine and an error a line.
  values get() {
    auto all = outcomes();
    internal::throw_failures(failures_of(all), all.size());
    if constexpr (!std::is_void_v<R>) {
      values found;
      found.reserve(all.size());
      for (auto& each : all)
        found.push_back(std::move(*each.value));
      return found;
    }
  }

  /// The same, waiting at most that long: throws deadline_exceeded if calls are then still under way, which go on.
  values get_for(std::chrono::nanoseconds time) {
    if (!wait_for(time))
      throw error{errc::deadline_exceeded, std::to_string(progress().done) + " of " + std::to_string(log_->size())
                                             + " calls were over in time; the others go on"};
    return get();
  }

  /// What became of each call, in their order, once all are over. Never throws a call's error.
  std::vector<outcome<R>> outcomes() {
    std::optional<error> lost; // of a job: all calls that it still had to make
    for (auto& job : jobs_)
      try {
        job.wait();
      } catch (const error& e) {
        lost = e;
      }
    std::vector<outcome<R>> all(log_->size());
    for (std::size_t i = 0; i != all.size(); ++i) {
      auto& [engine, result] = log_->at(i);
      all[i].engine = engine;
      if (!result)
        all[i].failure = lost.value_or(error{errc::internal, "a call has no result"});
      else if (result->index() == 0)
        all[i].value = std::get<0>(*result);
      else
        all[i].failure = internal::unpack_error(std::get<1>(*result));
    }
    return all;
  }

  /// Waits for all calls, at most that long; whether all are over. Never throws.
  bool wait_for(std::chrono::nanoseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    for (auto& job : jobs_)
      if (!job.wait_for(until - std::chrono::steady_clock::now()))
        return false;
    return true;
  }
  bool ready() { return wait_for(std::chrono::nanoseconds{0}); }

  call_progress progress() const { return {log_->done(), log_->size()}; }

  /// Calls that have not begun are not made: their outcome is cancelled. Those under way are let finish.
  void cancel() {
    for (auto& job : jobs_)
      job.cancel();
  }

private:
  static std::vector<std::pair<int, error>> failures_of(const std::vector<outcome<R>>& all) {
    std::vector<std::pair<int, error>> failures;
    for (const auto& each : all)
      if (each.failure)
        failures.emplace_back(each.engine, *each.failure);
    return failures;
  }

  std::shared_ptr<internal::call_log<typename outcome<R>::value_type>> log_;
  std::vector<internal::job_handle> jobs_;
};

} // namespace crema
