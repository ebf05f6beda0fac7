#include "dataflow/view/launch.hpp"

#include "dataflow/job_run.hpp"
#include "dataflow/plan/context_state.hpp"

#include <utility>

namespace crema::internal {

engine_grid grid_of(context_state& context) {
  return {context.slots(), context.hosts()};
}

job_handle start_calls(const std::shared_ptr<context_state>& context, job_plan plan,
                       std::shared_ptr<result_handler> results) {
  auto job = std::make_shared<job_run>(std::move(plan), std::move(results), context);
  context->start(job);
  return job_handle{std::move(job)};
}

} // namespace crema::internal
