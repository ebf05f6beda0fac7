#include "dataflow/plan/context_state.hpp"

#include "dataflow/added_files.hpp"
#include "dataflow/error.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/interrupts.hpp"
#include "dataflow/job_handle.hpp"
#include "dataflow/job_run.hpp"
#include "dataflow/plan/variable.hpp"

#include <algorithm>
#include <utility>

namespace crema::internal {

context_state::context_state(config settings, std::shared_ptr<worker_resources> resources,
                             std::unique_ptr<engine> runner)
    : settings_{std::move(settings)},
      resources_{std::move(resources)},
      engine_{std::move(runner)},
      files_{settings_.spill_directory} {
  if (!settings_.metrics_file.empty())
    metrics_ = std::make_unique<metrics_log>(settings_.metrics_file);
  parallelism_ = settings_.default_parallelism > 0 ? settings_.default_parallelism : std::max(1, engine_->threads());
}

context_state::~context_state() {
  close();
}

namespace {

/// Whether everything that `job` reads is known to be small. Stops counting as soon as it is not.
bool is_tiny(const job_plan& plan, std::size_t most_records) {
  constexpr std::size_t most_tasks = 64;
  if (plan.tasks() > most_tasks)
    return false;
  std::int64_t records = 0;
  for (const auto& s : plan.stages) {
    if (s.io_bound)
      return false; // few calls may take long
    for (const auto* root : s.roots) {
      const bool stored = plan.scope->stores(root->id());
      if (root->kind() == dependency::wide && !stored)
        continue; // its producers have been counted
      for (int p = 0; p != root->partitions(); ++p) {
        std::int64_t part = 0;
        if (!stored)
          part = root->estimate(p);
        else if (const auto store = plan.scope->store(*root); store->worker(p))
          return false; // it is not here
        else if (const auto kept = store->records(p))
          part = static_cast<std::int64_t>(*kept);
        if (part < 0 || (records += part) > static_cast<std::int64_t>(most_records))
          return false;
      }
    }
  }
  return true;
}

} // namespace

void context_state::start(const std::shared_ptr<job_run>& job) {
  stay_if_interrupted();
  std::shared_ptr<engine> runner;
  {
    std::lock_guard lock{mutex_};
    if (!engine_ || closing_)
      throw error{errc::context_closed, "the context of this dataset is closed"};
    runner = engine_;
    running_.emplace(job.get(), job);
  }
  try {
    if (caller_waits::here() && settings_.inline_records != 0 && is_tiny(job->plan(), settings_.inline_records))
      run_inline(job, *runner);
    else
      runner->start(job);
  } catch (...) {
    forget(*job);
    throw;
  }
}

int context_state::slots() {
  std::lock_guard lock{mutex_};
  return engine_ ? std::max(1, engine_->threads()) : 1;
}

int context_state::hosts() {
  std::lock_guard lock{mutex_};
  return engine_ ? std::max(1, engine_->hosts()) : 1;
}

void context_state::cancel(const std::shared_ptr<job_run>& job) {
  if (const auto runner = open_engine())
    runner->cancel(job);
}

bool context_state::resume(const std::shared_ptr<job_run>& job) {
  const auto runner = open_engine();
  return runner && runner->resume(job);
}

std::shared_ptr<engine> context_state::open_engine() {
  std::lock_guard lock{mutex_};
  return engine_;
}

void context_state::ended(const job_run& job) {
  if (metrics_)
    metrics_->add(job.metrics());
  forget(job);
}

void context_state::close() {
  std::vector<std::shared_ptr<job_run>> open;
  {
    std::unique_lock lock{mutex_};
    if (std::exchange(closing_, true)) {
      changed_.wait(lock, [&] { return closed_; });
      return;
    }
    for (const auto& [key, weak] : running_)
      if (auto job = weak.lock())
        open.push_back(std::move(job));
  }
  for (const auto& job : open)
    job->cancel(errc::context_closed);
  open.clear();
  std::shared_ptr<engine> runner;
  {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return running_.empty(); });
    runner = std::move(engine_);
    engine_ = nullptr;
  }
  runner.reset(); // waits for its threads, which may still be at the end of a job
  caches_->clear();
  forget_files(*resources_);
  {
    std::lock_guard lock{files_mutex_};
    files_.clear();
  }
  destroy_variables(*this);
  metrics_.reset();
  std::lock_guard lock{mutex_};
  closed_ = true;
  changed_.notify_all();
}

void context_state::forget(const job_run& job) {
  std::lock_guard lock{mutex_};
  running_.erase(&job);
  if (closing_)
    changed_.notify_all();
}

void context_state::forget(const node& gone) noexcept {
  if (gone.persistence() != storage::none)
    drop_cache(gone);
}

void context_state::drop_cache(const node& of) {
  if (const auto dropped = caches_->drop(of.id()))
    forget(dropped->id());
}

void context_state::add_file(const std::string& path) {
  const auto runner = open_engine();
  if (!runner)
    throw error{errc::context_closed, "add_file: the context is closed"};
  std::lock_guard lock{files_mutex_};
  const auto made = files_.add(path);
  if (!made.is_new)
    return;
  try {
    runner->add_file(made.name, made.path);
  } catch (...) {
    files_.remove(made.name);
    throw;
  }
  tell_file(*resources_, made.name, made.path);
}

void context_state::forget(std::uint64_t id) {
  // Under the lock: this may be a thread of the engine, which must not hold its last reference.
  std::lock_guard lock{mutex_};
  if (engine_)
    engine_->forget(id);
}

} // namespace crema::internal
