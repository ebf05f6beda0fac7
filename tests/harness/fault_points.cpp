#include "tests/harness/fault_points.hpp"

#include "dataflow/fault_point.hpp"

#include <algorithm>
#include <utility>

namespace crema::testing::detail {

namespace {

thread_local fault_points* innermost = nullptr;

} // namespace

bool allocations_can_fail = false;

allocation_gate& this_threads_gate() noexcept {
  thread_local allocation_gate gate;
  return gate;
}

fault_points::fault_points(std::function<void(const std::string&)> on_fault,
                           std::function<void(std::chrono::nanoseconds)> on_time)
    : on_fault_{std::move(on_fault)}, on_time_{std::move(on_time)}, outer_{std::exchange(innermost, this)} {
  internal::installed_fault_hook = pass; // stays: without a fault_points in the thread nothing fails
}

fault_points::~fault_points() {
  innermost = outer_;
}

void fault_points::arm(std::string name, std::uint64_t nth, int error, bool lasting) {
  auto& armed = at(name);
  armed.fails_at = armed.passed + nth;
  armed.error = error;
  armed.lasting = lasting;
}

std::uint64_t fault_points::passed(const std::string& name) const {
  const auto known = std::ranges::find(points_, name, &point::name);
  return known == points_.end() ? 0 : known->passed;
}

fault_points::point& fault_points::at(const std::string& name) {
  const auto known = std::ranges::find(points_, name, &point::name);
  return known != points_.end() ? *known : points_.emplace_back(point{name});
}

int fault_points::pass(const char* name) noexcept {
  if (innermost == nullptr)
    return 0;
  const uncounted_allocations ours;
  auto& here = innermost->at(name);
  ++here.passed;
  if (here.takes.count() != 0)
    innermost->on_time_(here.takes);
  const bool fails =
    here.fails_at != 0 && (here.passed == here.fails_at || (here.lasting && here.passed > here.fails_at));
  if (fails)
    innermost->on_fault_(here.name + " fails, call " + std::to_string(here.passed));
  return fails ? here.error : 0;
}

} // namespace crema::testing::detail
