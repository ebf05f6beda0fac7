#pragma once

#include "dataflow/plan/variable.hpp"
#include "net/jobs/worker_connection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace crema::internal {
class plan_run;
} // namespace crema::internal

namespace crema::net {

/// The workers of one job, and its plans as bytes: written once for all of them. For the job's driver alone.
class job_workers {
public:
  explicit job_workers(std::vector<std::shared_ptr<worker_connection>> workers) : workers_{std::move(workers)} {}

  const std::vector<std::shared_ptr<worker_connection>>& all() const noexcept { return workers_; }
  worker_connection& numbered(int number) const;

  /// Writes the plan, and the shared variables that it uses and some worker has not. Throws not_portable where
  /// something cannot travel.
  void write(const internal::plan_run& plan);

  /// Has worker `index` begin the plan.
  void begin(const internal::plan_run& plan, std::size_t index);

private:
  std::vector<std::shared_ptr<worker_connection>> workers_;
  std::uint64_t job_ = 0; ///< whose plan is written
  shared_bytes plan_;
  std::unordered_map<internal::variable_id, shared_bytes> variables_; ///< that it uses
};

} // namespace crema::net
