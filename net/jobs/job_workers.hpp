#pragma once

#include "dataflow/plan/variable.hpp"
#include "net/jobs/worker_connection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace crema::internal {
class plan_run;
} // namespace crema::internal

namespace crema::net {

/// A file that was added for tasks, as workers are told of it.
struct told_file {
  std::uint64_t number; ///< its own, in place of a variable's: see mark_of_files
  std::string name;
  std::string path;
};

/// By their numbers. The list never changes.
using added_files = std::shared_ptr<const std::vector<told_file>>;

/// So that no variable has a file's number, nor a cache.
inline constexpr std::uint64_t mark_of_files = std::uint64_t{1} << 63 | std::uint64_t{1} << 48;

/// The workers of one attempt at a plan, and the plan as bytes: written once for all of them. For its driver alone.
class job_workers {
public:
  /// `job` is the number by which the workers know the attempt; `files` are all that its tasks may open.
  job_workers(std::uint64_t job, std::vector<std::shared_ptr<worker_connection>> workers, added_files files)
      : job_{job}, workers_{std::move(workers)}, files_{std::move(files)} {}

  std::uint64_t job() const noexcept { return job_; }
  const std::vector<std::shared_ptr<worker_connection>>& all() const noexcept { return workers_; }

  /// The index of worker `number`. Throws corrupt_data where it does not take part.
  std::size_t index_of(int number) const;

  /// Has worker `index` begin the plan, with the shared variables and files that it does not know yet. Throws
  /// not_portable, before anything is sent, where something cannot travel.
  void begin(const internal::plan_run& plan, std::size_t index);

private:
  void write(const internal::plan_run& plan);

  std::uint64_t job_;
  std::vector<std::shared_ptr<worker_connection>> workers_;
  added_files files_;
  shared_bytes plan_;                                                 ///< once it is written
  std::unordered_map<internal::variable_id, shared_bytes> variables_; ///< that it uses and some worker has not
};

} // namespace crema::net
