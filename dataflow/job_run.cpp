#include "dataflow/job_run.hpp"

#include "dataflow/plan/context_state.hpp"
#include "dataflow/plan/task_report.hpp"
#include "dataflow/progress_bar.hpp"

#include <algorithm>
#include <utility>

namespace crema::internal {

namespace {

job_metrics empty_metrics(const job_plan& plan) {
  job_metrics metrics;
  metrics.job = plan.scope->id();
  metrics.action = plan.stages.empty() ? std::string{} : plan.stages.back().title;
  for (const auto& s : plan.stages)
    metrics.stages.push_back({s.id, s.title, static_cast<int>(s.partitions.size()), {}, 0});
  return metrics;
}

void add(task_metrics& sum, const task_metrics& part) {
  sum.rows += part.rows;
  sum.bytes += part.bytes;
  sum.blocks += part.blocks;
  sum.credit_waits += part.credit_waits;
  sum.spills += part.spills;
  sum.spilled_bytes += part.spilled_bytes;
  sum.busy += part.busy;
  sum.waiting += part.waiting;
}

} // namespace

job_run::job_run(job_plan plan, std::shared_ptr<result_handler> results, std::shared_ptr<context_state> context)
    : plan_run{std::move(plan)},
      results_{std::move(results)},
      context_{std::move(context)},
      progress_{plan_},
      metrics_{empty_metrics(plan_)} {}

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
  results_->accept(task, std::move(records), std::move(credit));
}

bool job_run::at_barrier(int stage, int task) {
  std::lock_guard lock{mutex_};
  return progress_.at_barrier(stage, task);
}

job_progress::verdict job_run::task_done(int stage, int task, internal::task& finished, const task_metrics& metrics) {
  auto verdict = note_done(stage, task, metrics);
  if (verdict.commit) {
    finished.commit();
    publish(stage, task, finished.scope().accumulators);
  }
  return verdict;
}

job_progress::verdict job_run::task_done(int stage, int task, const task_report& report) {
  auto verdict = note_done(stage, task, report.metrics);
  if (verdict.commit)
    publish(stage, task, report.accumulators);
  return verdict;
}

job_progress::verdict job_run::note_done(int stage, int task, const task_metrics& metrics) {
  std::lock_guard lock{mutex_};
  auto verdict = progress_.task_done(stage, task, metrics.rows);
  if (verdict.commit) {
    auto& sums = metrics_.stages[static_cast<std::size_t>(stage)];
    add(sums.total, metrics);
    sums.rows_max = std::max(sums.rows_max, metrics.rows);
  }
  return verdict;
}

void job_run::publish(int stage, int task, const accumulator_deltas& deltas) {
  for (const auto& [id, delta] : deltas)
    delta->commit();
  if (plan_.stages[static_cast<std::size_t>(stage)].output.to == stage_output::kind::result)
    results_->task_done(task);
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
  progress_ = job_progress{plan_};
  metrics_ = empty_metrics(plan_);
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
  metrics_.wall = std::chrono::steady_clock::now() - started_;
  metrics_.inlined = inlined_;
  metrics_.memory_peak = plan_.scope->resources().memory.peak();
  if (failure)
    metrics_.failure = failure->what();
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
  return metrics_;
}

} // namespace crema::internal
