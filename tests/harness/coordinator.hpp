#pragma once

#include <caf/scheduler/test_coordinator.hpp>

#include <cstddef>
#include <functional>

namespace crema::testing::detail {

/// Time that moves when a test says so; or also a little whenever somebody looks, so that work takes time.
class virtual_clock final : public caf::detail::test_actor_clock {
public:
  time_point now() const noexcept override;

  void set_time_per_look(duration_type time) noexcept { per_look_ = time; }

  /// Work that takes time.
  void take(duration_type time) noexcept { looked_ += time; }

  /// now() without taking time.
  time_point time() const noexcept { return current_time + looked_; }

  /// Fires the timers due until `end`, each at its own time, and stops there.
  void advance_to(time_point end);
  /// Moves to the next timer and fires it; false if there is none.
  bool fire_next();

private:
  duration_type per_look_{0};
  mutable duration_type looked_{0}; ///< passed since the time was last moved
};

/// CAF's scheduler for tests, told of each actor that becomes ready, and resuming those that it is told to.
class coordinator final : public caf::scheduler::test_coordinator {
public:
  using super = caf::scheduler::test_coordinator;
  using super::super;

  /// What actor_system_config::load expects.
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new coordinator{system};
  }

  /// Called with each actor that goes to the end of `jobs`.
  std::function<void(caf::resumable*)> on_ready;

  /// Takes the job at `index` out of the queue.
  caf::resumable* take(std::size_t index);

  /// Lets `job`, which is in no queue, handle up to `messages`; puts it at the end of the queue if it has more.
  void resume(caf::resumable* job, std::size_t messages);

  virtual_clock& clock() noexcept override { return clock_; }

protected:
  void enqueue(caf::resumable* job) override;
  void stop() override;

private:
  class worker;

  virtual_clock clock_;
};

} // namespace crema::testing::detail
