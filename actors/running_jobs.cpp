#include "actors/running_jobs.hpp"

#include <caf/send.hpp>

#include <utility>

namespace crema::actors {

void running_jobs::add(const internal::job_run& job, driver_actor driver) {
  std::lock_guard lock{mutex_};
  drivers_.insert_or_assign(&job, std::move(driver));
}

void running_jobs::remove(const internal::job_run& job) {
  driver_actor last; // perhaps, so not destroyed under the lock
  std::lock_guard lock{mutex_};
  if (auto found = drivers_.extract(&job))
    last = std::move(found.mapped());
}

void running_jobs::cancel(const internal::job_run& job) {
  std::lock_guard lock{mutex_};
  if (const auto at = drivers_.find(&job); at != drivers_.end())
    caf::anon_send(at->second, cancel_job{});
}

void running_jobs::cancel_all() {
  std::lock_guard lock{mutex_};
  for (const auto& [job, driver] : drivers_)
    caf::anon_send(driver, cancel_job{});
}

} // namespace crema::actors
