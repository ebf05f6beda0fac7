#include "tests/harness/coordinator.hpp"

#include "tests/harness/fault_points.hpp"

#include <algorithm>
#include <utility>

namespace crema::testing::detail {

virtual_clock::time_point virtual_clock::now() const noexcept {
  looked_ += per_look_;
  return time();
}

bool virtual_clock::fire_next() {
  current_time += std::exchange(looked_, duration_type{0});
  return trigger_timeout();
}

void virtual_clock::advance_to(time_point end) {
  current_time += std::exchange(looked_, duration_type{0});
  while (!schedule().empty() && schedule().begin()->first <= end)
    trigger_timeout();
  current_time = std::max(current_time, end);
}

class coordinator::worker final : public caf::execution_unit {
public:
  explicit worker(coordinator& parent) : caf::execution_unit{&parent.system()}, parent_{parent} {}

  void exec_later(caf::resumable* job) override { parent_.enqueue(job); }

private:
  coordinator& parent_;
};

caf::resumable* coordinator::take(std::size_t index) {
  const auto at = jobs.begin() + static_cast<std::ptrdiff_t>(index);
  auto* job = *at;
  jobs.erase(at);
  return job;
}

void coordinator::resume(caf::resumable* job, std::size_t messages) {
  worker here{*this};
  switch (job->resume(&here, messages)) {
  case caf::resumable::resume_later:
    jobs.push_back(job);
    break;
  case caf::resumable::done:
  case caf::resumable::awaiting_message:
    caf::intrusive_ptr_release(job);
    break;
  case caf::resumable::shutdown_execution_unit:
    break;
  }
}

void coordinator::enqueue(caf::resumable* job) {
  const uncounted_allocations ours;
  jobs.push_back(job);
  if (on_ready)
    on_ready(job);
}

void coordinator::stop() {
  // What the system itself still has to do; an endless actor must not keep a test from ending.
  for (int turns = 0; turns != 1000 && !jobs.empty(); ++turns)
    resume(take(0), 1);
}

} // namespace crema::testing::detail
