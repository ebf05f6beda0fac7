#include "actors/driver.hpp"

#include "actors/placement.hpp"

#include <algorithm>
#include <utility>

// How the driver has the stages of one attempt run.

namespace crema::actors {

using internal::stage_output;

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
  run.tasks = place(of.partitions, hosts_.size(), job_->attempt());
  run.ended.resize(hosts_.size());
  run.actors.resize(hosts_.size());
  run.unopened = static_cast<int>(std::ranges::count_if(run.tasks, [](const auto& tasks) { return !tasks.empty(); }));
  receivers consumers;
  if (of.output.to == stage_output::kind::exchange) {
    consumers = run_of(of.output.consumer).partitions;
    if (!consumers)
      consumers = std::make_shared<const std::vector<block_receiver>>();
  }
  live_.reserve(live_.size() + hosts_.size());
  for (std::size_t i = 0; i != hosts_.size(); ++i) {
    if (run.tasks[i].empty())
      continue;
    auto& host = *hosts_[i];
    stage_assignment work{job_.get(),          &of,      static_cast<int>(i), run.tasks[i], host.slots().of(of),
                          driver_actor{self_}, consumers};
    // What needs memory comes first: an actor that lives must be known.
    auto known = live_.extract(live_.emplace(caf::invalid_actor_id, work.partitions).first);
    run.actors[i] = host.spawn(self_, std::move(work));
    known.key() = run.actors[i].id();
    live_.insert(std::move(known));
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

} // namespace crema::actors
