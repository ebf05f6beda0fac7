#pragma once

#include "dataflow/plan/stage.hpp"
#include "dataflow/thin/chrono.hpp"

#include <atomic>
#include <cstdint>
#include <utility>

namespace crema::internal {

/// A plan on its way, as its tasks see it, in whatever process they run. Thread-safe, but for what changes the plan.
class plan_run {
public:
  explicit plan_run(job_plan plan, int attempt = 0) : plan_{std::move(plan)}, attempt_{attempt} {}
  plan_run(const plan_run&) = delete;
  plan_run& operator=(const plan_run&) = delete;

  const job_plan& plan() const noexcept { return plan_; }
  std::uint64_t id() const noexcept { return plan_.scope->id(); }
  /// How many attempts at the plan are over.
  int attempt() const noexcept { return attempt_; }

  /// Whether tasks should end early: the job was cancelled, or its deadline is before `now`.
  bool should_end(std::chrono::steady_clock::time_point now) const noexcept {
    return cancel_requested_.load(std::memory_order_acquire) || now > deadline_.load(std::memory_order_relaxed);
  }

protected:
  job_plan plan_;
  int attempt_;
  std::atomic<bool> cancel_requested_{false};
  std::atomic<std::chrono::steady_clock::time_point> deadline_{std::chrono::steady_clock::time_point::max()};
};

} // namespace crema::internal
