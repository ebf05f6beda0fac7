#pragma once

#include "dataflow/metrics.hpp"
#include "dataflow/thin/chrono.hpp"

#include <memory>
#include <string>
#include <vector>

namespace crema {

/// How far a job is, at one moment.
struct job_progress_report {
  struct stage {
    int id = 0;
    std::string title;
    int tasks = 0;
    int done = 0;
    std::uint64_t rows = 0;
  };
  std::vector<stage> stages;

  /// Tasks done over all tasks, 0 to 1.
  double fraction() const noexcept;
};

namespace internal {

class job_run;

/// While one lives, its thread waits for each job that it starts, at once: a tiny one may then run in this very thread.
class caller_waits {
public:
  caller_waits() noexcept;
  caller_waits(const caller_waits&) = delete;
  caller_waits& operator=(const caller_waits&) = delete;
  ~caller_waits();

  static bool here() noexcept;
};

/// The untyped half of job<R>. The deadline is kept by whoever waits, so that no thread watches clocks.
class job_handle {
public:
  explicit job_handle(std::shared_ptr<job_run> run);
  job_handle(job_handle&&) noexcept = default;
  job_handle& operator=(job_handle&&) noexcept;
  ~job_handle();

  void wait();
  bool wait_for(std::chrono::nanoseconds time);
  bool resume();
  bool ready() const;
  job_progress_report progress() const;
  job_metrics metrics() const;
  void cancel();
  void deadline(std::chrono::nanoseconds time);

private:
  std::shared_ptr<job_run> run_;
};

} // namespace internal
} // namespace crema
