#include "actors/stage.hpp"

#include "actors/partition.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace crema::actors {

void stage_state::begin(stage_assignment work) {
  work_ = std::move(work);
  id_ = work_.stage->id; // partitions without producers may end the job, and the plan, at once
  tasks_ = static_cast<int>(work_.tasks.size());
  free_ = work_.slots;
  consumes_ = !work_.stage->producers.empty();
  feeds_ = work_.stage->output.to == internal::stage_output::kind::exchange;
  phases_.resize(work_.tasks.size());
  partitions().resize(work_.tasks.size());
  live_.reserve(consumes_ ? phases_.size() : static_cast<std::size_t>(std::min(free_, tasks_)));
  if (consumes_) {
    for (int place = 0; place != tasks_; ++place)
      spawn(place, place < free_);
    next_ = std::min(free_, tasks_);
    free_ -= next_;
    self_->send(work_.supervisor, stage_opened{id_, work_.share,
                                               std::make_shared<const std::vector<block_receiver>>(
                                                 partitions().begin(), partitions().end())});
  }
  admit();
}

void stage_state::note(producers_done progress) {
  for (const auto& partition : partitions())
    if (partition)
      self_->send(partition, progress);
}

void stage_state::wait_at_barrier(barrier_reached& reached) {
  phase_of(place_of(reached.task)) = phase::at_barrier;
  ++free_;
  self_->send(work_.supervisor, stage_at_barrier{id_, reached.task, std::move(reached.said)});
  admit();
}

void stage_state::resolve(barrier_agreed& agreed) {
  agreed_ = true;
  agreement_ = std::move(agreed.agreed);
  admit();
}

void stage_state::partition_down(const caf::down_msg& down) {
  const auto at = live_.find(down.source.id());
  if (at == live_.end())
    return;
  const int place = at->second;
  live_.erase(at);
  partitions()[static_cast<std::size_t>(place)] = nullptr;
  if (stopping_)
    return;
  if (down.reason)
    self_->send(work_.supervisor,
                task_failed{error{errc::internal, "the actor of partition " + std::to_string(task_at(place))
                                                    + " died: " + to_string(down.reason)}});
  if (std::exchange(phase_of(place), phase::ended) == phase::producing)
    ++free_;
  ++ended_;
  while (ended_prefix_ != tasks_ && phase_of(ended_prefix_) == phase::ended)
    ++ended_prefix_;
  tell_supervisor();
  admit();
}

void stage_state::stop() {
  stopping_ = true;
  for (const auto& partition : partitions())
    if (partition)
      self_->send_exit(partition, caf::exit_reason::user_shutdown);
}

int stage_state::place_of(int task) const {
  return static_cast<int>(std::ranges::lower_bound(work_.tasks, task) - work_.tasks.begin());
}

void stage_state::spawn(int place, bool may_produce) {
  assignment task{work_.job,          work_.stage,     task_at(place), work_.supervisor,
                  stage_actor{self_}, work_.consumers, may_produce};
  // What needs memory comes first: an actor that lives must be known.
  auto known = live_.extract(live_.emplace(caf::invalid_actor_id, place).first);
  auto& partition = partitions()[static_cast<std::size_t>(place)];
  partition = work_.stage->io_bound ? self_->spawn<caf::monitored + caf::detached>(actors::partition, std::move(task))
                                    : self_->spawn<caf::monitored>(actors::partition, std::move(task));
  known.key() = partition.id();
  live_.insert(std::move(known));
  if (may_produce)
    phase_of(place) = phase::producing;
}

void stage_state::admit() {
  if (stopping_)
    return;
  for (; agreed_ && free_ != 0 && resumed_ != tasks_; ++resumed_, --free_) {
    phase_of(resumed_) = phase::producing;
    // The last one takes the only reference along: when the job has ended, none may be left here.
    auto agreement = resumed_ + 1 == tasks_ ? std::move(agreement_) : agreement_;
    self_->send(partitions()[static_cast<std::size_t>(resumed_)], resolve_barrier{std::move(agreement)});
  }
  for (; free_ != 0 && next_ != tasks_; ++next_) {
    if (!consumes_) {
      spawn(next_, true);
    } else if (phase_of(next_) == phase::waiting) {
      phase_of(next_) = phase::producing;
      self_->send(partitions()[static_cast<std::size_t>(next_)], produce{});
    } else {
      continue; // it streamed to its end without a slot
    }
    --free_;
  }
}

void stage_state::tell_supervisor() {
  // Each note goes on to every partition of the consumer, so their number is bounded whatever the number of tasks.
  constexpr int most_notes = 32;
  if (!feeds_ || ended_prefix_ == told_prefix_)
    return;
  if (ended_prefix_ != tasks_ && ended_prefix_ - told_prefix_ < tasks_ / most_notes)
    return;
  told_prefix_ = ended_prefix_;
  self_->send(work_.supervisor, share_advanced{id_, work_.share, told_prefix_});
}

stage_actor::behavior_type stage(stage_actor::stateful_pointer<stage_state> self, stage_assignment work) {
  const auto supervisor = work.supervisor;
  const auto turn = [self, supervisor](auto&& handle) {
    try {
      handle(self->state);
    } catch (...) {
      // Memory has run out: the supervisor stops all, as after any failure.
      self->send(supervisor, task_failed{current_error({})});
    }
    if (self->state.ended())
      self->quit();
  };
  self->set_down_handler([=](caf::down_msg& down) { turn([&](auto& state) { state.partition_down(down); }); });
  self->set_exit_handler([=](caf::exit_msg&) { turn([&](auto& state) { state.stop(); }); });
  turn([&](auto& state) { state.begin(std::move(work)); });
  return {
    [=](producers_done progress) { turn([&](auto& state) { state.note(progress); }); },
    [=](barrier_reached& reached) { turn([&](auto& state) { state.wait_at_barrier(reached); }); },
    [=](barrier_agreed& agreed) { turn([&](auto& state) { state.resolve(agreed); }); },
  };
}

} // namespace crema::actors
