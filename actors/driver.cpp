#include "actors/driver.hpp"

#include "actors/placement.hpp"
#include "actors/running_jobs.hpp"

#include <algorithm>
#include <utility>

namespace crema::actors {

using internal::stage_output;

void driver_state::begin(run_job& start) {
  job_ = std::move(start.job);
  run_plan();
}

void driver_state::open(stage_opened& opened) {
  if (!running() || !is_from(opened.stage, opened.share))
    return;
  auto& run = run_of(opened.stage);
  attempt(-1, -1, [&] {
    const auto& tasks = run.tasks[static_cast<std::size_t>(opened.share)];
    run.opened.resize(planned(opened.stage).partitions.size());
    for (std::size_t i = 0; opened.partitions && i != tasks.size(); ++i)
      run.opened[static_cast<std::size_t>(tasks[i])] = (*opened.partitions)[i];
    if (--run.unopened != 0)
      return;
    run.partitions = std::make_shared<const std::vector<block_receiver>>(std::move(run.opened));
    for (int producer : std::exchange(run.waiting, {}))
      spawn(producer);
  });
}

void driver_state::advance(const share_advanced& progress) {
  if (!running() || !is_from(progress.stage, progress.share))
    return;
  auto& run = run_of(progress.stage);
  run.ended[static_cast<std::size_t>(progress.share)] = progress.ended;
  const int ended = ended_prefix(run.tasks, run.ended);
  if (ended == run.told)
    return;
  run.told = ended;
  const auto& to = planned(progress.stage).output;
  for (const auto& consumer : run_of(to.consumer).actors)
    if (consumer)
      self_->send(consumer, producers_done{to.input, ended});
}

void driver_state::accept(result_block& result) {
  // What a stopped job still sends is destroyed here, before it ends.
  auto arrived = std::move(result);
  if (running())
    attempt(arrived.stage, arrived.task,
            [&] { job_->accept(arrived.task, std::move(arrived.records), std::move(arrived.credit)); });
}

void driver_state::commit(task_done& done) {
  internal::job_progress::verdict verdict;
  if (running())
    attempt(done.stage, done.task, [&] {
      verdict = done.report ? job_->task_done(done.stage, done.task, *done.report)
                            : job_->task_done(done.stage, done.task, *done.finished, done.metrics);
    });
  done.finished.reset();
  if (!running())
    return;
  attempt(-1, -1, [&] { start(verdict.startable); });
  if (verdict.job_done && running())
    end();
}

void driver_state::gather(stage_at_barrier& reached) {
  auto said = std::move(reached.said);
  if (!running())
    return;
  attempt(reached.stage, -1, [&] {
    const auto& of = planned(reached.stage);
    auto& run = run_of(reached.stage);
    run.said.resize(of.partitions.size());
    run.said[static_cast<std::size_t>(reached.task)] = std::move(said);
    if (!job_->at_barrier(reached.stage, reached.task))
      return;
    auto all = std::exchange(run.said, {});
    const auto agreed = of.agree(all);
    for (const auto& share : run.actors)
      if (share)
        self_->send(share, barrier_agreed{agreed});
  });
}

void driver_state::fail(error why) {
  if (!running())
    return;
  failure_ = std::move(why);
  stop_stages();
  if (live_.empty())
    self_->send(self_, end_job{});
}

void driver_state::cancel() {
  fail(error{errc::cancelled, "the job was cancelled"});
}

void driver_state::stage_down(const caf::down_msg& down) {
  if (live_.erase(down.source.id()) == 0)
    return;
  if (running() && down.reason)
    fail(error{errc::internal, "the actor of a stage died: " + to_string(down.reason)});
  else if (failure_ && live_.empty())
    // A DOWN message overtakes others: only what was sent in order tells that all of them have been seen.
    self_->send(self_, end_job{});
}

void driver_state::end() {
  if (!job_)
    return;
  const driver_actor me{self_};
  registry_->remove(*job_, me);
  stop_stages();
  stages_.clear();
  live_.clear();
  for (const auto& host : hosts_)
    host->end(*job_);
  auto failure = std::move(failure_);
  failure_.reset();
  // The caller keeps the job until it has ended. All that is left of it then dies in the caller's thread.
  auto& job = *job_;
  job_.reset();
  if (job.finish(std::move(failure))) {
    job_ = job.shared_from_this();
    registry_->add(*job_, me);
    run_plan();
  } else {
    ended_ = true;
  }
}

template <class F>
void driver_state::attempt(int stage, int task, F&& f) {
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
  stages_.resize(job_->plan().stages.size());
  if (job_->should_end(self_->clock().now())) {
    cancel();
    return;
  }
  std::vector<int> startable;
  attempt(-1, -1, [&] {
    for (const auto& host : hosts_)
      host->begin(*job_);
    startable = job_->begin();
    start(startable);
  });
  if (startable.empty() && running())
    end(); // no stage has a task
}

void driver_state::start(const std::vector<int>& startable) {
  // Consumers first: they come behind their producers.
  for (auto stage = startable.rbegin(); stage != startable.rend(); ++stage)
    start(*stage);
}

void driver_state::start(int stage) {
  const auto& output = planned(stage).output;
  if (output.to == stage_output::kind::exchange && !planned(output.consumer).partitions.empty())
    if (auto& consumer = run_of(output.consumer); !consumer.partitions) {
      consumer.waiting.push_back(stage);
      return;
    }
  spawn(stage);
}

void driver_state::spawn(int stage) {
  const auto& of = planned(stage);
  auto& run = run_of(stage);
  run.tasks = place(of.partitions, hosts_.size());
  run.ended.resize(hosts_.size());
  run.actors.resize(hosts_.size());
  run.unopened = static_cast<int>(std::ranges::count_if(run.tasks, [](const auto& tasks) { return !tasks.empty(); }));
  receivers consumers;
  if (of.output.to == stage_output::kind::exchange) {
    consumers = run_of(of.output.consumer).partitions;
    if (!consumers)
      consumers = std::make_shared<const std::vector<block_receiver>>();
  }
  for (std::size_t i = 0; i != hosts_.size(); ++i) {
    if (run.tasks[i].empty())
      continue;
    auto& host = *hosts_[i];
    auto actor = host.spawn(
      self_, {job_.get(), &of, static_cast<int>(i), run.tasks[i], host.slots().of(of), driver_actor{self_}, consumers});
    live_.insert(actor.id());
    run.actors[i] = std::move(actor);
  }
}

bool driver_state::is_from(int stage, int share) const {
  const auto stage_index = static_cast<std::size_t>(stage);
  const auto share_index = static_cast<std::size_t>(share);
  return stage_index < stages_.size() && share_index < stages_[stage_index].actors.size()
         && stages_[stage_index].actors[share_index].address() == self_->current_sender();
}

void driver_state::stop_stages() {
  for (const auto& run : stages_)
    for (const auto& share : run.actors)
      if (share)
        self_->send_exit(share, caf::exit_reason::user_shutdown);
}

driver_actor::behavior_type driver(driver_actor::stateful_pointer<driver_state> self, stage_hosts hosts,
                                   running_jobs* registry) {
  self->state.configure(std::move(hosts), registry);
  self->set_down_handler([=](caf::down_msg& down) { self->state.stage_down(down); });
  const auto turn = [self](auto&& handle) {
    handle(self->state);
    if (self->state.ended())
      self->quit();
  };
  return {
    [=](result_block& result) { turn([&](auto& state) { state.accept(result); }); },
    [=](task_done& done) { turn([&](auto& state) { state.commit(done); }); },
    [=](run_job& start) { turn([&](auto& state) { state.begin(start); }); },
    [=](stage_opened& opened) { turn([&](auto& state) { state.open(opened); }); },
    [=](share_advanced progress) { turn([&](auto& state) { state.advance(progress); }); },
    [=](stage_at_barrier& reached) { turn([&](auto& state) { state.gather(reached); }); },
    [=](task_failed& failed) { turn([&](auto& state) { state.fail(std::move(failed.failure)); }); },
    [=](cancel_job) { turn([&](auto& state) { state.cancel(); }); },
    [=](end_job) { turn([&](auto& state) { state.end(); }); },
  };
}

} // namespace crema::actors
