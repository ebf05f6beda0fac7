#include "dataflow/job_handle.hpp"

#include "dataflow/job_run.hpp"

#include <utility>

namespace crema {

double job_progress_report::fraction() const noexcept {
  int tasks = 0;
  int done = 0;
  for (const auto& s : stages) {
    tasks += s.tasks;
    done += s.done;
  }
  return tasks == 0 ? 1.0 : static_cast<double>(done) / tasks;
}

namespace internal {

namespace {

thread_local int waiting = 0; // calls on this thread's stack

} // namespace

caller_waits::caller_waits() noexcept {
  ++waiting;
}

caller_waits::~caller_waits() {
  --waiting;
}

bool caller_waits::here() noexcept {
  return waiting != 0;
}

job_handle::job_handle(std::shared_ptr<job_run> run) : run_{std::move(run)} {}

job_handle& job_handle::operator=(job_handle&& other) noexcept {
  job_handle old{std::move(*this)};
  run_ = std::move(other.run_);
  return *this;
}

job_handle::~job_handle() {
  // A task may refer to what the caller's functions captured, so it must not outlive the handle.
  if (run_ && !run_->ended()) {
    run_->cancel();
    run_->wait_until(std::chrono::steady_clock::time_point::max());
  }
}

void job_handle::wait() {
  run_->wait();
}

bool job_handle::wait_for(std::chrono::nanoseconds time) {
  return run_->wait_until(std::chrono::steady_clock::now() + time);
}

bool job_handle::resume() {
  return run_->resume();
}

bool job_handle::ready() const {
  return run_->ended();
}

job_progress_report job_handle::progress() const {
  job_progress_report report;
  for (auto& s : run_->progress())
    report.stages.push_back({s.id, std::move(s.title), s.tasks, s.done, s.rows});
  return report;
}

job_metrics job_handle::metrics() const {
  return run_->metrics();
}

void job_handle::cancel() {
  run_->cancel();
}

void job_handle::deadline(std::chrono::nanoseconds time) {
  run_->set_deadline(std::chrono::steady_clock::now() + time);
}

} // namespace internal
} // namespace crema
