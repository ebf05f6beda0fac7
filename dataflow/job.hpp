#pragma once

#include "dataflow/job_handle.hpp"
#include "dataflow/thin/chrono.hpp"

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace crema {

/// An action on its way: what the `…_async` twins return.
///
///     auto job = counts.collect_async();
///     while (!job.wait_for(100ms))
///       fmt::print("{:.0f} %\n", 100 * job.progress().fraction());
///     auto result = job.get();              // throws what went wrong
///
/// Movable. The last handle's end cancels the job if nobody has seen its end. Thread-safe, but for `get`, which may be
/// called once.
template <class R>
class job {
public:
  /// `result` makes the result once the job behind `run` has ended well.
  job(internal::job_handle run, std::function<R()> result) : run_{std::move(run)}, result_{std::move(result)} {}

  /// Waits for the end and gives the result, or throws what went wrong.
  R get() {
    run_.wait();
    return std::exchange(result_, nullptr)();
  }

  /// Waits for the end, at most that long; whether it has come. Never throws the job's failure.
  bool wait_for(std::chrono::nanoseconds time) { return run_.wait_for(time); }
  bool ready() const { return run_.ready(); }

  /// How far it is.
  job_progress_report progress() const { return run_.progress(); }
  job_metrics metrics() const { return run_.metrics(); }

  /// Ends it early: `get` then throws cancelled. What it holds is given back at once; a user function that is running
  /// is let finish its block first.
  void cancel() { run_.cancel(); }

  /// Ends it early if it has not ended by then: `get` throws deadline_exceeded. Counted from now.
  job& deadline(std::chrono::nanoseconds time) {
    run_.deadline(time);
    return *this;
  }

private:
  internal::job_handle run_;
  std::function<R()> result_;
};

} // namespace crema
