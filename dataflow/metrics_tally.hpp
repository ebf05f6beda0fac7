#pragma once

#include "dataflow/metrics.hpp"
#include "dataflow/plan/stage.hpp"

#include <cstddef>
#include <vector>

namespace crema::internal {

/// Adds up what the tasks of one plan did, over all attempts at it. What plans of several attempts have in common is
/// one stage of the metrics.
class metrics_tally {
public:
  explicit metrics_tally(const job_plan& plan);

  /// From here on stages are those of `plan`, which computes what the first one left undone.
  void go_on_with(const job_plan& plan);

  void add(int stage, const task_metrics& task);

  job_metrics& all() noexcept { return all_; }
  const job_metrics& all() const noexcept { return all_; }

private:
  job_metrics all_;
  std::vector<stage_key> keys_;     ///< of its stages
  std::vector<std::size_t> places_; ///< among them, by stage of the plan
};

} // namespace crema::internal
