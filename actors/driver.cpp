#include "actors/driver.hpp"

#include "actors/running_jobs.hpp"
#include "actors/stage.hpp"

#include <utility>

namespace crema::actors {

using internal::stage_output;

void driver_state::begin(run_job& start) {
  job_ = std::move(start.job);
  run_plan();
}

void driver_state::open(stage_opened& opened) {
  if (!running())
    return;
  auto& run = run_of(opened.stage);
  run.partitions = std::move(opened.partitions);
  attempt(-1, -1, [&] {
    for (int producer : std::exchange(run.waiting, {}))
      spawn(producer);
  });
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
    attempt(done.stage, done.task,
            [&] { verdict = job_->task_done(done.stage, done.task, *done.finished, done.metrics); });
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
    self_->send(run.actor, barrier_agreed{of.agree(all)});
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
  if (job_->should_end(std::chrono::steady_clock::now())) {
    cancel();
    return;
  }
  std::vector<int> startable;
  attempt(-1, -1, [&] {
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
  stage_assignment work{job_.get(), &of, slots_, driver_actor{self_}, {}, {}};
  if (of.output.to == stage_output::kind::exchange) {
    work.consumer = run_of(of.output.consumer).actor;
    work.consumers = run_of(of.output.consumer).partitions;
    if (!work.consumers)
      work.consumers = std::make_shared<const std::vector<partition_actor>>();
  }
  auto actor = self_->spawn<caf::monitored>(actors::stage, std::move(work));
  live_.insert(actor.id());
  run_of(stage).actor = std::move(actor);
}

void driver_state::stop_stages() {
  for (const auto& run : stages_)
    if (run.actor)
      self_->send_exit(run.actor, caf::exit_reason::user_shutdown);
}

driver_actor::behavior_type driver(driver_actor::stateful_pointer<driver_state> self, int slots,
                                   running_jobs* registry) {
  self->state.configure(slots, registry);
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
    [=](stage_at_barrier& reached) { turn([&](auto& state) { state.gather(reached); }); },
    [=](task_failed& failed) { turn([&](auto& state) { state.fail(std::move(failed.failure)); }); },
    [=](cancel_job) { turn([&](auto& state) { state.cancel(); }); },
    [=](end_job) { turn([&](auto& state) { state.end(); }); },
  };
}

} // namespace crema::actors
