#include "dataflow/plan/task.hpp"

#include "dataflow/error.hpp"

namespace crema::internal {

void absorber::producer_done(int, int) {}

std::shared_ptr<const void> task::contribution() {
  throw error{errc::internal, "a task without a barrier was asked what it says at one"};
}

void task::resolve(std::shared_ptr<const void>) {
  throw error{errc::internal, "a task without a barrier was told what all agreed on"};
}

} // namespace crema::internal
