#pragma once

#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace crema::actors {

/// Which actor runs next: one queue for all workers, and those that wait sleep instead of polling, so that a job on an
/// idle engine starts at once and costs nothing when there is none.
///
/// Actors whose turn ended before their work wait in a second queue behind those that a message has just woken: a short
/// job does not wait for a slice of a long one at each of its messages, and blocks are absorbed before more are made.
/// A worker stays with the woken ones for a millisecond at most, so that the others go on too.
class turn_policy : public caf::policy::unprofiled {
public:
  using clock = std::chrono::steady_clock;

  ~turn_policy() override;

  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    std::mutex mutex;
    std::condition_variable signal;
    std::deque<caf::resumable*> woken;
    std::deque<caf::resumable*> unfinished;
  };

  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}

    bool had_unfinished = true;      ///< the last one was from the second queue
    clock::time_point woken_since{}; ///< the worker has taken from the first queue only
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    push(d(self), d(self).woken, job);
  }

  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    auto& shared = d(self->parent());
    push(shared, shared.unfinished, job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    return pop(d(self->parent()), d(self));
  }

  template <class Worker, class F>
  void foreach_resumable(Worker*, F) {}

  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* self, F f) {
    auto& shared = d(self);
    std::lock_guard lock{shared.mutex};
    for (auto* queue : {&shared.woken, &shared.unfinished})
      for (auto* job : *queue)
        f(job);
    shared.woken.clear();
    shared.unfinished.clear();
  }

private:
  static void push(coordinator_data& shared, std::deque<caf::resumable*>& queue, caf::resumable* job);
  static caf::resumable* pop(coordinator_data& shared, worker_data& mine);
};

/// CAF's scheduler with this policy and a quieter clock: every actor that ends wakes the clock's thread, to have its
/// timers cancelled, and 100,000 partitions would mean as many wake-ups. What actors here send with a delay is never
/// cancelled; where they have ended, it is dropped when its time comes.
class scheduler final : public caf::scheduler::coordinator<turn_policy> {
  using super = caf::scheduler::coordinator<turn_policy>;
  using actor_clock = caf::detail::thread_safe_actor_clock;

  class quiet_clock final : public actor_clock {
  public:
    explicit quiet_clock(actor_clock& served) : served_{served} {}

    void cancel_timeouts(caf::abstract_actor*) override {}
    void schedule_message(time_point when, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr content) override {
      served_.schedule_message(when, std::move(receiver), std::move(content));
    }

  private:
    actor_clock& served_; ///< the one whose thread the coordinator runs
  };

public:
  explicit scheduler(caf::actor_system& system) : super{system}, clock_{super::clock()} {}

  /// What actor_system_config::load expects.
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new scheduler{system};
  }

  actor_clock& clock() noexcept override { return clock_; }

private:
  quiet_clock clock_;
};

} // namespace crema::actors
