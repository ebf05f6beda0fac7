#include "dataflow/result_handler.hpp"

namespace crema::internal {

bool result_handler::wanting() const {
  return true;
}

void result_handler::task_done(int) {}

bool result_handler::discard(int) {
  return true;
}

std::optional<job_plan> result_handler::next_plan() {
  return {};
}

void result_handler::job_done(const std::optional<error>&) {}

} // namespace crema::internal
