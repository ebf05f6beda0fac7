#include "actors/driver.hpp"

#include "actors/placement.hpp"
#include "actors/running_jobs.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace crema::actors {

using internal::stage_output;

void driver_state::begin(run_job& start) {
  job_ = std::move(start.job);
  run_plan();
}

void driver_state::accept(result_block& result) {
  // What a stopped job still sends is destroyed here, before it ends.
  auto arrived = std::move(result);
  if (counts())
    attempt(arrived.stage, arrived.task,
            [&] { job_->accept(arrived.task, std::move(arrived.records), std::move(arrived.credit)); });
}

void driver_state::commit(task_done& done) {
  internal::job_progress::verdict verdict;
  if (counts())
    attempt(done.stage, done.task, [&] {
      verdict = done.report ? job_->task_done(done.stage, done.task, *done.report)
                            : job_->task_done(done.stage, done.task, *done.finished, done.metrics);
    });
  done.finished.reset();
  if (running())
    attempt(-1, -1, [&] { start(verdict.startable); });
  if (verdict.job_done && counts())
    finish();
}

void driver_state::fail(error why) {
  if (!counts())
    return;
  failure_ = std::move(why);
  stop();
}

void driver_state::give_up(error why) {
  if (!job_)
    return;
  if (!failure_)
    failure_ = std::move(why);
  stop();
}

void driver_state::lose(share_lost& lost) {
  if (!counts() || !is_from(lost.stage, lost.share))
    return;
  if (lost_hosts_.insert(lost.host).second) {
    const auto host = static_cast<std::size_t>(lost.host);
    std::vector<std::vector<int>> tasks;
    for (const auto& run : stages_)
      tasks.push_back(run.tasks.empty() ? std::vector<int>{} : run.tasks[host]);
    job_->lose(std::move(lost.how), tasks);
    if (const auto worker = hosts_[host]->worker())
      avoided_.push_back(*worker);
  }
  stop();
}

void driver_state::cancel() {
  fail(error{errc::cancelled, "the job was cancelled"});
}

void driver_state::stage_down(const caf::down_msg& down) {
  const auto at = live_.find(down.source.id());
  if (at == live_.end())
    return;
  const auto left = std::move(at->second);
  live_.erase(at);
  if (down.reason && left) {
    for (const auto& partition : *left)
      if (partition) {
        live_.emplace(partition.id(), nullptr);
        self_->monitor(partition);
        self_->send_exit(partition, caf::exit_reason::user_shutdown);
      }
    fail(error{errc::internal, "the actor of a stage died: " + to_string(down.reason)});
  }
  end_when_down();
}

void driver_state::stop() {
  stopping_ = true;
  stop_stages();
  end_when_down();
}

void driver_state::end_when_down() {
  // A DOWN message overtakes others: only what was sent in order tells that all of them have been seen.
  if (!stopping_ || !live_.empty() || ending_)
    return;
  self_->send(self_, actors::end_attempt{attempt_});
  ending_ = true;
}

void driver_state::end_attempt(const actors::end_attempt& ended) {
  if (!job_ || ended.attempt != attempt_)
    return;
  ending_ = false;
  attempt(-1, -1, [&] {
    if (!failure_)
      failure_ = job_->retry();
  });
  if (failure_)
    return finish();
  for (const auto& host : hosts_)
    host->end(*job_);
  run_plan();
}

void driver_state::finish() {
  registry_->remove(*job_);
  stop_stages();
  stages_.clear();
  for (const auto& host : hosts_)
    host->end(*job_);
  auto failure = std::exchange(failure_, {});
  // The caller keeps the job until it has ended. All that is left of it then dies in the caller's thread.
  auto& job = *job_;
  job_.reset();
  if (job.finish(std::move(failure))) {
    job_ = job.shared_from_this();
    registry_->add(*job_, driver_actor{self_});
    run_plan();
  } else {
    live_.clear();
    ended_ = true;
  }
}

void driver_state::attempt(int stage, int task, const std::function<void()>& f) {
  std::optional<error> failure;
  try {
    f();
  } catch (...) {
    error::site where;
    if (stage >= 0) {
      const auto& of = planned(stage);
      where =
        internal::site_of(of, {job_->id(), of.id, task < 0 ? -1 : of.partitions[static_cast<std::size_t>(task)], 0});
      if (task < 0)
        where.task.clear();
    }
    failure = current_error(std::move(where));
  }
  if (failure)
    fail(std::move(*failure));
}

const internal::stage& driver_state::planned(int stage) const {
  return job_->plan().stages[static_cast<std::size_t>(stage)];
}

void driver_state::run_plan() {
  ++attempt_;
  hosts_.clear();
  stages_.clear();
  live_.clear();
  lost_hosts_.clear();
  stopping_ = ending_ = false;
  looking_since_ = self_->clock().now();
  look_for_hosts();
}

void driver_state::look_for_hosts() {
  constexpr auto pause = std::chrono::milliseconds{100};
  if (!running() || !looking_since_)
    return;
  const auto now = self_->clock().now();
  if (job_->should_end(now))
    return cancel();
  attempt(-1, -1, [&] { hosts_ = source_->hosts(avoided_); });
  if (!hosts_.empty()) {
    looking_since_.reset();
    start_attempt();
  } else if (now - *looking_since_ >= source_->patience()) {
    fail(error{errc::unreachable, job_->losses().empty() ? "there is no worker to run the job"
                                                         : "no worker is left to run the job: " + job_->losses()});
  } else {
    self_->delayed_send(self_, pause, actors::look_for_hosts{});
  }
}

void driver_state::start_attempt() {
  std::vector<int> startable;
  attempt(-1, -1, [&] {
    std::vector<std::uint64_t> workers;
    for (const auto& host : hosts_)
      if (const auto worker = host->worker())
        workers.push_back(*worker);
    job_->prepare(workers);
    stages_.resize(job_->plan().stages.size());
    for (const auto& host : hosts_)
      host->begin(*job_);
    startable = job_->begin();
    start(startable);
  });
  if (startable.empty() && running())
    finish(); // no stage has a task
}

driver_actor::behavior_type driver(driver_actor::stateful_pointer<driver_state> self, host_source* source,
                                   running_jobs* registry) {
  self->state.configure(source, registry);
  const auto turn = [self](auto&& handle) {
    try {
      handle(self->state);
    } catch (...) {
      self->state.give_up(current_error({})); // memory has run out
    }
    if (self->state.ended())
      self->quit();
  };
  self->set_down_handler([=](caf::down_msg& down) { turn([&](auto& state) { state.stage_down(down); }); });
  return {
    [=](result_block& result) { turn([&](auto& state) { state.accept(result); }); },
    [=](task_done& done) { turn([&](auto& state) { state.commit(done); }); },
    [=](run_job& start) { turn([&](auto& state) { state.begin(start); }); },
    [=](stage_opened& opened) { turn([&](auto& state) { state.open(opened); }); },
    [=](share_advanced progress) { turn([&](auto& state) { state.advance(progress); }); },
    [=](stage_at_barrier& reached) { turn([&](auto& state) { state.gather(reached); }); },
    [=](task_failed& failed) { turn([&](auto& state) { state.fail(std::move(failed.failure)); }); },
    [=](share_lost& lost) { turn([&](auto& state) { state.lose(lost); }); },
    [=](cancel_job) { turn([&](auto& state) { state.cancel(); }); },
    [=](end_attempt ended) { turn([&](auto& state) { state.end_attempt(ended); }); },
    [=](look_for_hosts) { turn([&](auto& state) { state.look_for_hosts(); }); },
  };
}

driver_actor start_driver(caf::actor_system& system, host_source& source, running_jobs& registry,
                          const std::shared_ptr<internal::job_run>& job) {
  auto runner = system.spawn(driver, &source, &registry);
  registry.add(*job, runner);
  // Weak, because a job that has ended is its caller's alone.
  runner->attach_functor([waiting = std::weak_ptr{job}](const caf::error& reason) {
    if (const auto left = waiting.lock(); left && !left->ended())
      static_cast<void>(left->finish(error{errc::internal, "the actor of the job died: " + to_string(reason)}));
  });
  caf::anon_send(runner, run_job{job});
  return runner;
}

} // namespace crema::actors
