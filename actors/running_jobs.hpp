#pragma once

#include "actors/interfaces.hpp"

#include <memory>
#include <mutex>
#include <unordered_map>

namespace crema::actors {

/// The drivers of the jobs that run: how a cancellation finds its driver, and what keeps drivers alive. Thread-safe.
class running_jobs {
public:
  void add(const internal::job_run& job, driver_actor driver);

  /// Before the job ends: a new one may stand at its address then.
  void remove(const internal::job_run& job);

  void cancel(const internal::job_run& job);
  void cancel_all();

private:
  std::mutex mutex_;
  std::unordered_map<const internal::job_run*, driver_actor> drivers_;
};

} // namespace crema::actors
