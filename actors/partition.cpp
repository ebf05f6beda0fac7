#include "actors/partition.hpp"

#include <caf/actor_cast.hpp>

#include <utility>

namespace crema::actors {

namespace {

using namespace std::chrono_literals;

/// Long beside what a message costs, and a few of them are short beside what a user of another job notices.
constexpr auto slice_time = 250us;

/// Bytes that a task may have on the way, where the budget is not small.
constexpr std::size_t exchange_window = std::size_t{4} << 20;
constexpr std::size_t result_window = std::size_t{1} << 20;

} // namespace

partition_state::~partition_state() {
  if (credit_)
    credit_->close();
}

void partition_state::begin(assignment work) {
  work_ = std::move(work);
  has_slot_ = work_.may_produce;
  const auto& stages = work_.job->plan().stages;
  for (int producer : work_.stage->producers) {
    const auto tasks = static_cast<int>(stages[static_cast<std::size_t>(producer)].partitions.size());
    inputs_.push_back({tasks, 0, 0});
    open_inputs_ += tasks != 0 ? 1 : 0;
  }
  starved_ = !inputs_.empty();
  exchanges_ = work_.stage->output.to == internal::stage_output::kind::exchange;
  auto& resources = work_.job->plan().scope->resources();
  if (exchanges_)
    out_.emplace(work_.consumers->size(), resources.buffer_bytes(exchange_window),
                 internal::reservation{resources.memory});
  else // results are the caller's, who may keep them longer than the budget lives
    out_.emplace(1, resources.buffer_bytes(result_window));
  run();
}

void partition_state::may_produce() {
  has_slot_ = true;
  run();
}

void partition_state::absorb(absorb_block& arrived) {
  const auto bytes = charge(*arrived.records);
  attempt([&] {
    if (over_)
      return;
    open();
    internal::running_task here{task_->scope()};
    if (auto* input = task_->scope().input())
      input->absorb(arrived.input, arrived.producer, std::move(arrived.records));
  });
  arrived.records = {};
  starved_ = false;
  self_->send(caf::actor_cast<block_sender>(self_->current_sender()), grant_credit{work_.task, bytes});
  run();
}

void partition_state::note(producers_done progress) {
  auto& input = inputs_[static_cast<std::size_t>(progress.input)];
  input.done = progress.first;
  open_inputs_ -= input.done == input.producers ? 1 : 0;
  starved_ = false;
  attempt([&] { close_inputs(); });
  run();
}

void partition_state::granted(const grant_credit& credit) {
  if (credit.bytes == 0)
    committing_ = false;
  else
    out_->granted(credit.receiver, credit.bytes);
  deliver();
  finish();
  run();
}

void partition_state::resolve(resolve_barrier& barrier) {
  if (over_)
    return;
  at_barrier_ = false;
  has_slot_ = true;
  attempt([&] { task_->resolve(std::move(barrier.agreed)); });
  run();
}

void partition_state::next_slice() {
  queued_ = false;
  run();
}

bool partition_state::ended() const noexcept {
  return over_ && !failed_ && !committing_ && inputs_complete() && out_->settled();
}

std::string partition_state::waits_for() const {
  const auto task = "task " + std::to_string(work_.task) + " waits for ";
  if (failed_)
    return task + "its end, having failed";
  if (at_barrier_)
    return task + "the others at the barrier";
  for (std::size_t i = 0; i != inputs_.size(); ++i)
    if (const auto& input = inputs_[i]; input.done != input.producers)
      return task + "the end of " + std::to_string(input.producers - input.done) + " of "
             + std::to_string(input.producers) + " producers of input " + std::to_string(i);
  if (!over_ && !has_slot_)
    return task + "a slot";
  if (!out_->settled())
    return task + "the credit of what it has sent";
  return task + (committing_ ? "its commit" : over_ ? "nothing" : "its turn");
}

void partition_state::emit(int channel, internal::block_ptr records) {
  metrics_.blocks += 1;
  metrics_.rows += records->size();
  metrics_.bytes += records->bytes();
  int receiver = 0;
  if (exchanges_) {
    receiver = work_.stage->output.route[static_cast<std::size_t>(channel)];
    if (receiver < 0)
      return;
  }
  out_->push(receiver, std::move(records));
  deliver();
}

bool partition_state::blocked() const noexcept {
  // A task that runs ahead of its slot must not fill the driver with results that nobody reads yet.
  const bool ahead = !has_slot_ && !exchanges_ && !out_->settled();
  return ahead || out_->blocked();
}

template <class F>
void partition_state::attempt(F&& f) {
  std::optional<error> failure;
  try {
    f();
  } catch (...) {
    failure = current_error(internal::site_of(*work_.stage, id()));
  }
  if (failure)
    fail(std::move(*failure));
}

void partition_state::fail(error why) {
  over_ = true;
  failed_ = true;
  out_->clear();
  task_.reset();
  self_->send(work_.supervisor, task_failed{std::move(why)});
}

internal::task_id partition_state::id() const {
  return {work_.job->id(), work_.stage->id, work_.stage->partitions[static_cast<std::size_t>(work_.task)], 0};
}

void partition_state::open() {
  if (task_)
    return;
  task_ = work_.stage->make(work_.job->plan().scope, id());
  const auto* input = task_->scope().input();
  streams_ = input != nullptr && input->streams();
  close_inputs();
}

void partition_state::close_inputs() {
  if (!task_ || over_ || inputs_.empty() || inputs_told_)
    return;
  auto* reader = task_->scope().input();
  if (reader == nullptr)
    return;
  internal::running_task here{task_->scope()};
  for (std::size_t i = 0; i != inputs_.size(); ++i)
    for (auto& input = inputs_[i]; input.told != input.done; ++input.told)
      reader->producer_done(static_cast<int>(i), input.told);
  if (inputs_complete()) {
    inputs_told_ = true;
    reader->inputs_done();
  }
}

bool partition_state::runnable() const noexcept {
  if (done_ || over_ || at_barrier_ || blocked())
    return false;
  if (inputs_complete())
    return has_slot_;
  return streams_ && !starved_;
}

void partition_state::run() {
  if (queued_ || !runnable())
    return;
  slice();
  if (!runnable())
    return;
  queued_ = true;
  self_->send(self_, step_again{});
}

void partition_state::slice() {
  const auto start = now();
  if (work_.job->should_end(start)) {
    fail(error{errc::cancelled, "the job was cancelled"});
    return;
  }
  auto result = internal::step_result::more;
  attempt([&] {
    open();
    result = task_->step(*this, start + slice_time);
  });
  if (failed_)
    return;
  if (first_step_ == clock::time_point{})
    first_step_ = start;
  const auto end = now();
  metrics_.busy += end - start;
  metrics_.waiting = (end - first_step_) - metrics_.busy;
  done_ = result == internal::step_result::done;
  if (done_)
    finish();
  else if (result == internal::step_result::starved)
    starved_ = true;
  else if (result == internal::step_result::barrier)
    wait_at_barrier();
  else if (blocked())
    ++metrics_.credit_waits;
}

void partition_state::wait_at_barrier() {
  attempt([&] {
    auto said = task_->contribution();
    at_barrier_ = true;
    has_slot_ = false;
    self_->send(work_.home, barrier_reached{work_.task, std::move(said)});
  });
}

void partition_state::deliver() {
  while (auto parcel = out_->next()) {
    if (exchanges_) {
      self_->send((*work_.consumers)[static_cast<std::size_t>(parcel->receiver)],
                  absorb_block{work_.stage->output.input, work_.task, std::move(parcel->records)});
      continue;
    }
    auto token = result_token(charge(*parcel->records));
    self_->send(work_.supervisor,
                result_block{work_.stage->id, work_.task, std::move(parcel->records), std::move(token)});
  }
}

internal::credit_token partition_state::result_token(std::size_t bytes) {
  if (!credit_)
    credit_ = std::make_shared<result_credit>(partition_actor{self_});
  return credit_->token(bytes);
}

void partition_state::finish() {
  // Once the driver has the last task, the job may end at any time, and nothing of its records may be left: neither in
  // a mailbox nor here.
  if (!done_ || over_ || out_->blocked() || (exchanges_ && !out_->settled()))
    return;
  over_ = true;
  const auto& counters = task_->scope().counters;
  metrics_.spills = counters.spills;
  metrics_.spilled_bytes = counters.spilled_bytes;
  if (work_.stage->output.to == internal::stage_output::kind::store)
    metrics_.rows = counters.rows_out;
  // Where no block tells that the driver keeps up, the commit does, or done tasks would pile up there.
  committing_ = !exchanges_ && metrics_.blocks == 0;
  self_->send(work_.supervisor, task_done{work_.stage->id, work_.task, std::move(task_), metrics_,
                                          committing_ ? result_token(0) : internal::credit_token{}});
  work_.job = nullptr; // it may be gone already
  work_.stage = nullptr;
}

partition_actor::behavior_type partition(partition_actor::stateful_pointer<partition_state> self, assignment work) {
  self->state.begin(std::move(work));
  if (self->state.ended())
    return partition_actor::behavior_type::make_empty_behavior();
  const auto turn = [self](auto&& handle) {
    handle(self->state);
    if (self->state.ended())
      self->quit();
  };
  return {
    [=](absorb_block& arrived) { turn([&](auto& state) { state.absorb(arrived); }); },
    [=](grant_credit credit) { turn([&](auto& state) { state.granted(credit); }); },
    [=](step_again) { turn([&](auto& state) { state.next_slice(); }); },
    [=](produce) { turn([&](auto& state) { state.may_produce(); }); },
    [=](producers_done progress) { turn([&](auto& state) { state.note(progress); }); },
    [=](resolve_barrier& barrier) { turn([&](auto& state) { state.resolve(barrier); }); },
  };
}

} // namespace crema::actors
