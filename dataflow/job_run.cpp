#include "dataflow/job_run.hpp"

#include "dataflow/interrupts.hpp"
#include "dataflow/plan/context_state.hpp"
#include "dataflow/plan/task_report.hpp"
#include "dataflow/progress_bar.hpp"

#include <algorithm>
#include <utility>

namespace crema::internal {

namespace {

std::vector<int> result_partitions(const job_plan& plan) {
  return plan.stages.empty() ? std::vector<int>{} : plan.stages.back().partitions;
}

} // namespace

job_run::job_run(job_plan plan, std::shared_ptr<result_handler> results, std::shared_ptr<context_state> context)
    : plan_run{std::move(plan)},
      results_{std::move(results)},
      context_{std::move(context)},
      progress_{plan_},
      places_{result_partitions(plan_)},
      metrics_{plan_} {}

job_run::~job_run() = default;

std::vector<int> job_run::begin() {
  std::lock_guard lock{mutex_};
  return progress_.begin();
}

void job_run::mark_inlined() {
  std::lock_guard lock{mutex_};
  inlined_ = true;
}

void job_run::accept(int task, block_ptr records, credit_token credit) {
  if (const int place = places_.of(task); place >= 0)
    results_->accept(place, std::move(records), std::move(credit));
}

bool job_run::at_barrier(int stage, int task) {
  std::lock_guard lock{mutex_};
  return progress_.at_barrier(stage, task);
}

job_progress::verdict job_run::task_done(int stage, int task, internal::task& finished, const task_metrics& metrics) {
  const auto [verdict, counts] = note_done(stage, task, metrics);
  if (verdict.commit) {
    finished.commit();
    publish(stage, task, finished.scope().accumulators, counts);
  }
  return verdict;
}

job_progress::verdict job_run::task_done(int stage, int task, const task_report& report) {
  const auto [verdict, counts] = note_done(stage, task, report.metrics);
  if (verdict.commit) {
    const auto& of = plan_.stages[static_cast<std::size_t>(stage)];
    if (report.worker && of.output.to == stage_output::kind::store)
      plan_.scope->store(*of.top)->commit(key_of(stage, task).partition, *report.worker, report.metrics.rows);
    publish(stage, task, report.accumulators, counts);
  }
  return verdict;
}

std::pair<job_progress::verdict, bool> job_run::note_done(int stage, int task, const task_metrics& metrics) {
  std::lock_guard lock{mutex_};
  auto verdict = progress_.task_done(stage, task, metrics.rows);
  const bool counts = verdict.commit && attempts_.commits_first(key_of(stage, task));
  if (counts)
    metrics_.add(stage, metrics);
  return {std::move(verdict), counts};
}

void job_run::publish(int stage, int task, const accumulator_deltas& deltas, bool counts) {
  if (counts)
    for (const auto& [id, delta] : deltas)
      delta->commit();
  if (plan_.stages[static_cast<std::size_t>(stage)].output.to == stage_output::kind::result)
    if (const int place = places_.of(task); place >= 0)
      results_->task_done(place);
}

task_key job_run::key_of(int stage, int task) const {
  const auto& of = plan_.stages[static_cast<std::size_t>(stage)];
  return {internal::key_of(of), of.partitions[static_cast<std::size_t>(task)]};
}

bool job_run::finish(std::optional<error> failure) {
  if (!failure) {
    try {
      if (take_next_plan())
        return true;
    } catch (...) {
      failure = current_error({});
    }
  }
  end(std::move(failure));
  return false;
}

bool job_run::take_next_plan() {
  auto next = results_->next_plan();
  if (!next)
    return false;
  std::lock_guard lock{mutex_};
  plan_ = std::move(*next);
  attempt_ = 0;
  progress_ = job_progress{plan_};
  attempts_ = {};
  places_ = result_places{result_partitions(plan_)};
  metrics_ = metrics_tally{plan_};
  return true;
}

void job_run::end(std::optional<error> failure) {
  std::unique_lock lock{mutex_};
  if (failure && failure->code() == errc::cancelled && cancel_reason_ != errc::cancelled)
    failure = error{cancel_reason_,
                    cancel_reason_ == errc::deadline_exceeded ? "the job's deadline passed" : "the context was closed"};
  lock.unlock();
  try {
    results_->job_done(failure);
  } catch (...) {
    if (!failure)
      failure = current_error({});
  }
  lock.lock();
  auto& metrics = metrics_.all();
  metrics.wall = std::chrono::steady_clock::now() - started_;
  metrics.inlined = inlined_;
  metrics.memory_peak = plan_.scope->resources().memory.peak();
  metrics.recomputed_tasks = attempts_.recomputed();
  if (failure)
    metrics.failure = failure->what();
  lock.unlock();
  context_->ended(*this);
  // The functions of the plan may refer to what the caller has on its stack, so they go before the caller wakes up.
  results_.reset();
  plan_ = {};
  lock.lock();
  failure_ = std::move(failure);
  ended_ = true;
  // Under the lock: as soon as it is released, the caller may destroy this object.
  ended_signal_.notify_all();
}

bool job_run::ended() const {
  std::lock_guard lock{mutex_};
  return ended_;
}

bool job_run::wait_or_expire(std::unique_lock<std::mutex>& lock, time_point until) {
  while (!ended_) {
    const auto now = std::chrono::steady_clock::now();
    const auto deadline = deadline_.load();
    if (now >= deadline && !cancel_requested_) {
      lock.unlock();
      cancel(errc::deadline_exceeded);
      lock.lock();
      continue;
    }
    if (now >= until)
      return false;
    const auto wake = cancel_requested_ ? until : std::min(until, deadline);
    // A wait until the end of time overflows in some implementations.
    ended_signal_.wait_until(lock, std::min(wake, now + std::chrono::hours{1}));
  }
  return true;
}

void job_run::wait() {
  {
    std::unique_lock lock{mutex_};
    if (!wait_or_expire(lock, std::chrono::steady_clock::now() + progress_bar::first_shown_after)) {
      progress_bar bar{context_->settings().progress};
      while (!wait_or_expire(lock, std::chrono::steady_clock::now() + progress_bar::interval)) {
        const auto shown = progress_.stages();
        lock.unlock();
        bar.show(shown, std::chrono::steady_clock::now() - started_);
        lock.lock();
      }
    }
  }
  check();
}

bool job_run::resume() {
  return context_->resume(shared_from_this());
}

bool job_run::wait_until(time_point deadline) {
  std::unique_lock lock{mutex_};
  return wait_or_expire(lock, deadline);
}

void job_run::check() const {
  stay_if_interrupted();
  std::lock_guard lock{mutex_};
  if (failure_)
    throw *failure_;
}

void job_run::cancel(errc reason) {
  {
    std::lock_guard lock{mutex_};
    if (ended_)
      return;
    if (!cancel_requested_)
      cancel_reason_ = reason;
    cancel_requested_ = true;
  }
  context_->cancel(shared_from_this());
}

void job_run::set_deadline(time_point deadline) {
  std::lock_guard lock{mutex_};
  deadline_ = deadline;
  ended_signal_.notify_all(); // whoever waits must know the new time
}

std::vector<stage_progress> job_run::progress() const {
  std::lock_guard lock{mutex_};
  return progress_.stages();
}

job_metrics job_run::metrics() const {
  std::lock_guard lock{mutex_};
  return metrics_.all();
}

} // namespace crema::internal
