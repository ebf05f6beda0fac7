#include "tests/harness/fault_verbs.hpp"

#include "tests/harness/failure.hpp"
#include "tests/harness/world.hpp"

#include <utility>

namespace crema::testing {

void fault_verbs::kill(const actor_ref& actor, caf::error reason) {
  in_.demand_outside();
  auto* victim = detail::as_scheduled(actor.get());
  if (victim == nullptr || !in_.is_alive(actor.id()))
    return;
  in_.fault("killed: " + in_.log.name_of(actor.id()), actor.id());
  in_.kill(*victim, std::move(reason));
}

void fault_verbs::throw_in(const actor_ref& actor, std::uint64_t nth, std::exception_ptr what) {
  auto& about = in_.known(actor.id());
  about.throws_at = about.handled + nth;
  about.throws = std::move(what);
}

void fault_verbs::unreliable(const actor_ref& actor, link_faults faults) {
  in_.lossy.insert_or_assign(actor.id(), faults);
}

void fault_verbs::heal() {
  in_.lossy.clear();
}

void fault_verbs::put_on_machine(const actor_ref& actor, std::uint32_t machine) {
  in_.known(actor.id()).machine = machine;
}

std::uint32_t fault_verbs::machine_of(const actor_ref& actor) const {
  return in_.machine_of(actor.id());
}

void fault_verbs::kill_machine(std::uint32_t machine) {
  in_.demand_outside();
  in_.fault("machine " + std::to_string(machine) + " is killed");
  in_.kill_machine(machine);
}

void fault_verbs::pause_machine(std::uint32_t machine) {
  if (in_.paused.insert(machine).second)
    in_.fault("machine " + std::to_string(machine) + " is paused");
}

void fault_verbs::resume_machine(std::uint32_t machine) {
  if (in_.paused.erase(machine) != 0)
    in_.fault("machine " + std::to_string(machine) + " goes on");
}

void fault_verbs::fail_at(const std::string& point, std::uint64_t nth, int error, bool lasting) {
  in_.fault_points_here().arm(point, nth, error, lasting);
}

void fault_verbs::slow_down(const std::string& point, std::chrono::nanoseconds time) {
  in_.fault(point + " takes " + std::to_string(time.count()) + "ns");
  in_.fault_points_here().slow_down(point, time);
}

std::uint64_t fault_verbs::passed(const std::string& point) {
  return in_.fault_points_here().passed(point);
}

void fault_verbs::fail_allocation(std::uint64_t nth, const std::string& actors, source_location where) {
  if (!detail::allocations_can_fail)
    detail::fail_test("fail_allocation: link the test with crema::failing_new", where);
  in_.short_of_memory = actors;
  auto& gate = detail::this_threads_gate();
  gate.left = nth;
  gate.counted = 0;
}

std::uint64_t fault_verbs::allocations() const noexcept {
  return detail::this_threads_gate().counted;
}

void fault_verbs::before_step(std::uint64_t step, std::string what, std::function<void()> action) {
  in_.interventions.emplace(step, std::pair{std::move(what), std::move(action)});
}

} // namespace crema::testing
