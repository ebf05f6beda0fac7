#include "dataflow/metrics.hpp"

#include <nlohmann/json.hpp>

namespace crema {

namespace {

using json = nlohmann::ordered_json;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>{time}.count();
}

json as_json(const stage_metrics& stage) {
  const auto& total = stage.total;
  return {{"id", stage.id},
          {"title", stage.title},
          {"tasks", stage.tasks},
          {"rows", total.rows},
          {"rows_max", stage.rows_max},
          {"skew", stage.skew()},
          {"bytes", total.bytes},
          {"blocks", total.blocks},
          {"credit_waits", total.credit_waits},
          {"spills", total.spills},
          {"spilled_bytes", total.spilled_bytes},
          {"busy_seconds", seconds(total.busy)},
          {"waiting_seconds", seconds(total.waiting)}};
}

} // namespace

double stage_metrics::skew() const noexcept {
  if (tasks == 0 || total.rows == 0)
    return 1;
  return static_cast<double>(rows_max) * tasks / static_cast<double>(total.rows);
}

std::string to_json(const job_metrics& metrics) {
  auto stages = json::array();
  for (const auto& stage : metrics.stages)
    stages.push_back(as_json(stage));
  const json all{{"job", metrics.job},
                 {"action", metrics.action},
                 {"wall_seconds", seconds(metrics.wall)},
                 {"inlined", metrics.inlined},
                 {"memory_peak_bytes", metrics.memory_peak},
                 {"failure", metrics.failure},
                 {"attempts", metrics.attempts},
                 {"recomputed_tasks", metrics.recomputed_tasks},
                 {"stages", std::move(stages)}};
  // Names and failures come from users: bytes that are no UTF-8 must not cost the whole report.
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace crema
