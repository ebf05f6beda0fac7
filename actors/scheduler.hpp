#pragma once

#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/scheduler/coordinator.hpp>

namespace crema::actors {

/// CAF's scheduler with one queue for all workers: idle workers wait instead of polling, so a job on an idle engine
/// starts at once and costs nothing when there is none.
///
/// It differs in its clock. Every actor that ends wakes the clock's thread, to have timers cancelled; no actor here
/// sets any, and 100,000 partitions would mean as many wake-ups.
class scheduler final : public caf::scheduler::coordinator<caf::policy::work_sharing> {
  using super = caf::scheduler::coordinator<caf::policy::work_sharing>;

  class timerless_clock final : public caf::detail::thread_safe_actor_clock {
  public:
    void cancel_timeouts(caf::abstract_actor*) override {}
  };

public:
  using super::super;

  /// What actor_system_config::load expects.
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new scheduler{system};
  }

  caf::detail::thread_safe_actor_clock& clock() noexcept override { return clock_; }

private:
  timerless_clock clock_;
};

} // namespace crema::actors
