#include "dataflow/op/action.hpp"

#include "dataflow/job_run.hpp"
#include "dataflow/plan/context_state.hpp"

#include <numeric>

namespace crema::internal {

job_plan plan_action(const node_ptr& top, std::string_view action, std::shared_ptr<const action_tasks> tasks,
                     std::optional<std::vector<int>> partitions) {
  refuse_inside_task(action);
  const auto& context = top->context();
  if (!partitions) {
    partitions.emplace(static_cast<std::size_t>(top->partitions()));
    std::iota(partitions->begin(), partitions->end(), 0);
  }
  auto scope = std::make_shared<job_scope>(context->next_job(), context->resources(), context->caches());
  return compile({top, std::string{action}, std::move(*partitions), std::move(tasks)}, std::move(scope));
}

std::shared_ptr<job_run> start_job(const node_ptr& top, job_plan plan, std::shared_ptr<result_handler> results) {
  auto job = std::make_shared<job_run>(std::move(plan), std::move(results), top->context());
  top->context()->start(job);
  return job;
}

std::shared_ptr<job_run> start_action(const node_ptr& top, std::string_view action,
                                      std::shared_ptr<const action_tasks> tasks,
                                      std::shared_ptr<result_handler> results) {
  return start_job(top, plan_action(top, action, std::move(tasks)), std::move(results));
}

} // namespace crema::internal
