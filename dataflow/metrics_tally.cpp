#include "dataflow/metrics_tally.hpp"

#include <algorithm>

namespace crema::internal {

namespace {

void add_up(task_metrics& sum, const task_metrics& part) {
  sum.rows += part.rows;
  sum.bytes += part.bytes;
  sum.blocks += part.blocks;
  sum.credit_waits += part.credit_waits;
  sum.spills += part.spills;
  sum.spilled_bytes += part.spilled_bytes;
  sum.busy += part.busy;
  sum.waiting += part.waiting;
}

} // namespace

metrics_tally::metrics_tally(const job_plan& plan) {
  all_.job = plan.scope->id();
  all_.action = plan.stages.empty() ? std::string{} : plan.stages.back().title;
  go_on_with(plan);
}

void metrics_tally::go_on_with(const job_plan& plan) {
  places_.clear();
  for (const auto& s : plan.stages) {
    const auto key = key_of(s);
    const auto known = std::find(keys_.begin(), keys_.end(), key);
    places_.push_back(static_cast<std::size_t>(known - keys_.begin()));
    if (known != keys_.end())
      continue;
    keys_.push_back(key);
    all_.stages.push_back(
      {static_cast<int>(all_.stages.size()), s.title, static_cast<int>(s.partitions.size()), {}, 0});
  }
}

void metrics_tally::add(int stage, const task_metrics& task) {
  auto& sums = all_.stages[places_[static_cast<std::size_t>(stage)]];
  add_up(sums.total, task);
  sums.rows_max = std::max(sums.rows_max, task.rows);
}

} // namespace crema::internal
