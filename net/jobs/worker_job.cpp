#include "net/jobs/worker_job.hpp"

#include "actors/placement.hpp"
#include "dataflow/plan/plan_codec.hpp"
#include "dataflow/plan/plan_run.hpp"
#include "dataflow/plan/task_report.hpp"

#include <algorithm>
#include <chrono>

namespace crema::net {

using internal::byte_reader;
using internal::byte_writer;

namespace {

/// There is no link to another worker any more. The driver will know, by itself or from `miss`.
struct peer_gone {};

} // namespace

void worker_job_state::configure(std::uint64_t job, worker_peers* worker) noexcept {
  job_ = job;
  worker_ = worker;
}

template <class F>
void worker_job_state::attempt(F&& f) {
  try {
    f();
  } catch (const peer_gone&) {
  } catch (...) {
    fail(current_error({}));
  }
}

// -- from the links -------------------------------------------------------------------------------------------------

void worker_job_state::handle(job_message_arrived& arrived) {
  const auto bytes = std::move(arrived.bytes);
  attempt([&] {
    byte_reader in{bytes->payload()};
    dispatch(arrived.from, bytes, in);
  });
}

void worker_job_state::dispatch(int from, const std::shared_ptr<message>& bytes, byte_reader& in) {
  switch (static_cast<job_kind>(bytes->kind())) {
  case job_kind::begin_plan:
    return begin(in);
  case job_kind::end_plan:
    return end();
  case job_kind::start_share:
    return start(read_message<start_share>(in).stage, in);
  case job_kind::stop_share:
    return stop(read_message<stop_share>(in).stage);
  case job_kind::note_producers: {
    const auto note = read_message<note_producers>(in);
    self_->send(share_of(note.stage).actor, actors::producers_done{note.input, note.first});
    return;
  }
  case job_kind::tell_agreed: {
    const auto at = read_message<tell_agreed>(in);
    self_->send(share_of(at.stage).actor, actors::barrier_agreed{planned(at.stage).barrier->agreed.decode(in)});
    return;
  }
  case job_kind::take_result: {
    const auto at = read_message<take_result>(in);
    if (auto& tokens = unread_[{at.stage, at.task}]; !tokens.empty())
      tokens.pop_front();
    return;
  }
  case job_kind::send_block: {
    const auto numbers = read_message<send_block>(in);
    return arrive(from, numbers, {numbers.task, bytes, in.offset()});
  }
  case job_kind::return_credit: {
    const auto credit = read_message<return_credit>(in);
    const auto& relays = share_of(credit.stage).relays;
    if (const auto at = static_cast<std::size_t>(credit.task); at < relays.size() && relays[at])
      self_->send(relays[at], credit_returned{credit.input, credit.producer});
    return;
  }
  case job_kind::fetch_block:
    return give(read_message<fetch_block>(in));
  case job_kind::kept_block:
    return keep(read_message<kept_block>(in), in);
  case job_kind::fetch_failed: {
    const auto at = read_message<fetch_failed>(in);
    return fail(at.stage, internal::decode_error(in));
  }
  default:
    in.fail("a message that no worker takes");
  }
}

/// A plan that cannot be read fails the job where its first share is to start: nobody hears of it before.
void worker_job_state::begin(byte_reader& in) try {
  const auto numbers = read_message<begin_plan>(in);
  host_ = static_cast<std::size_t>(numbers.host);
  for (auto n = in.count(1); n != 0; --n)
    workers_.push_back(read_number<int>(in));
  if (host_ >= workers_.size())
    in.fail("a host that is none");
  run_ = std::make_unique<internal::plan_run>(internal::decode_plan(in, worker_->resources(), worker_->caches()),
                                              numbers.attempt);
  shares_.resize(run_->plan().stages.size());
  for (const int number : workers_)
    if (number != worker_->number() && !worker_->peer(number))
      lose(peer_lost{number});
} catch (...) {
  unreadable_ = current_error({});
}

void worker_job_state::start(int stage, byte_reader& in) try {
  auto& mine = share_of(stage);
  mine.open = true;
  mine.tasks = actors::place(planned(stage).partitions, workers_.size(), run_->attempt())[host_];
  tell_missing_peers();
  for (auto elsewhere = in.count(3); elsewhere != 0; --elsewhere) {
    const auto root = read_number<int>(in);
    const auto partition = read_number<int>(in);
    fetch(stage, root, partition, read_number<int>(in));
  }
  internal::decode_sources(run_->plan(), stage, in);
  if (mine.missing == 0)
    run(stage);
} catch (const peer_gone&) {
} catch (...) {
  fail(stage, current_error({}));
  end_share(stage);
}

void worker_job_state::run(int stage) {
  const auto& of = planned(stage);
  auto& mine = share_of(stage);
  actors::receivers consumers;
  if (of.output.to == internal::stage_output::kind::exchange)
    consumers = receivers_of(of.output.consumer);
  actors::stage_assignment work{
    run_.get(), &of, static_cast<int>(host_), mine.tasks, worker_->slots().of(of), actors::supervisor_actor{self_},
    consumers};
  const auto partitions = work.partitions;
  auto actor = self_->spawn<caf::monitored>(actors::stage, std::move(work));
  live_.emplace(actor.id(), live_actor{stage, partitions});
  mine.live = 1;
  mine.actor = actor;
}

void worker_job_state::stop(int stage) {
  auto& mine = share_of(stage);
  mine.missing = 0;
  if (mine.actor)
    self_->send_exit(mine.actor, caf::exit_reason::user_shutdown);
  else if (mine.open)
    end_share(stage);
}

void worker_job_state::end_share(int stage) {
  if (const auto at = static_cast<std::size_t>(stage); at < shares_.size())
    shares_[at].open = false;
  tell(share_ended{job_, stage});
}

// -- the end --------------------------------------------------------------------------------------------------------

void worker_job_state::end() {
  stopping_ = true;
  unread_.clear();
  for (const auto& mine : shares_)
    if (mine.actor)
      self_->send_exit(mine.actor, caf::exit_reason::user_shutdown);
}

/// Most likely that worker has ended, and the driver will soon know how; it knows nothing of a connection that broke.
void worker_job_state::lose(const peer_lost& lost) {
  if (std::ranges::find(workers_, lost.number) != workers_.end())
    self_->delayed_send(self_, std::chrono::seconds{2}, peer_given_up{lost.number});
}

void worker_job_state::miss(const peer_given_up& lost) {
  missing_peers_.insert(lost.number);
  tell_missing_peers();
}

void worker_job_state::tell_missing_peers() {
  if (const int stage = any_open_share(); stage >= 0 && !stopping_)
    for (const int number : std::exchange(missing_peers_, {}))
      tell(peer_missing{job_, stage, number});
}

int worker_job_state::any_open_share() const {
  const auto at = std::ranges::find_if(shares_, [](const share& one) { return one.open; });
  return at == shares_.end() ? -1 : static_cast<int>(at - shares_.begin());
}

void worker_job_state::arrive(int from, const send_block& numbers, block_arrived block) {
  if (stopping_)
    return;
  auto& mine = share_of(numbers.stage);
  const auto task = static_cast<std::size_t>(numbers.task);
  const auto& producers = planned(numbers.stage).producers;
  if (!mine.here || task >= mine.here->size() || !(*mine.here)[task]
      || static_cast<std::size_t>(numbers.input) >= producers.size())
    return; // of a share that has been stopped
  auto& relay = senders_[{numbers.stage, numbers.input, numbers.producer}];
  if (!relay)
    relay = self_->spawn(sender_relay, place_of(numbers.stage, from), numbers.input, numbers.producer,
                         planned(producers[static_cast<std::size_t>(numbers.input)]).emits.codec, mine.here);
  self_->send(relay, std::move(block));
}

actors::receivers worker_job_state::receivers_of(int stage) {
  auto& of = share_of(stage);
  if (of.everyone)
    return of.everyone;
  const auto& partitions = planned(stage).partitions;
  auto all = of.here ? *of.here : std::vector<actors::block_receiver>(partitions.size());
  of.relays.resize(partitions.size());
  const auto codecs = codecs_of(stage);
  for (std::size_t task = 0; task != partitions.size(); ++task) {
    if (all[task])
      continue;
    const auto host = actors::host_of(partitions[task], workers_.size(), run_->attempt());
    of.relays[task] = self_->spawn(receiver_relay, place_of(stage, workers_[host]), static_cast<int>(task), codecs);
    all[task] = of.relays[task];
  }
  of.everyone = std::make_shared<const std::vector<actors::block_receiver>>(std::move(all));
  return of.everyone;
}

std::shared_ptr<const input_codecs> worker_job_state::codecs_of(int stage) const {
  auto codecs = std::make_shared<input_codecs>();
  for (const int producer : planned(stage).producers)
    codecs->push_back(producer < 0 ? nullptr : planned(producer).emits.codec);
  return codecs;
}

relay_place worker_job_state::place_of(int stage, int worker) {
  auto peer = worker_->peer(worker);
  if (!peer)
    throw peer_gone{};
  return {std::move(peer), actors::supervisor_actor{self_}, job_, stage};
}

const internal::stage& worker_job_state::planned(int stage) const {
  if (unreadable_)
    throw *unreadable_;
  if (!run_ || static_cast<std::size_t>(stage) >= run_->plan().stages.size())
    throw error{errc::corrupt_data, "a message about a stage that its job has not"};
  return run_->plan().stages[static_cast<std::size_t>(stage)];
}

worker_job_state::share& worker_job_state::share_of(int stage) {
  static_cast<void>(planned(stage));
  return shares_[static_cast<std::size_t>(stage)];
}

// -- from stages and partitions -------------------------------------------------------------------------------------

void worker_job_state::open(actors::stage_opened& opened) {
  auto& mine = share_of(opened.stage);
  std::vector<actors::block_receiver> here(planned(opened.stage).partitions.size());
  for (std::size_t i = 0; i != mine.tasks.size(); ++i)
    here[static_cast<std::size_t>(mine.tasks[i])] = (*opened.partitions)[i];
  mine.here = std::make_shared<const std::vector<actors::block_receiver>>(std::move(here));
  tell(share_opened{job_, opened.stage});
}

void worker_job_state::send(actors::result_block& result) {
  const auto records = std::move(result.records);
  if (stopping_)
    return;
  auto token = std::move(result.credit);
  attempt([&] {
    auto bytes = to_outgoing(result_made{job_, result.stage, result.task},
                             [&](byte_writer& out) { planned(result.stage).emits.codec->encode(*records, out); });
    unread_[{result.stage, result.task}].push_back(std::move(token));
    worker_->driver()->send(std::move(bytes));
  });
}

void worker_job_state::finish(actors::task_done& done) {
  if (stopping_)
    return;
  attempt([&] {
    const auto finished = std::move(done.finished);
    finished->commit();
    worker_->driver()->send(to_outgoing(task_done{job_, done.stage, done.task}, [&](byte_writer& out) {
      internal::encode_report(done.metrics, finished->scope(), out);
    }));
  });
}

void worker_job_state::fail(const error& why) {
  // The driver takes it from any share that it has not seen the end of.
  if (const int stage = any_open_share(); stage >= 0)
    fail(stage, why);
}

void worker_job_state::fail(int stage, const error& why) {
  worker_->driver()->send(
    to_outgoing(task_failed{job_, stage}, [&](byte_writer& out) { internal::encode_error(why, out); }));
}

void worker_job_state::advance(const actors::share_advanced& progress) {
  tell(share_advanced{job_, progress.stage, progress.ended});
}

void worker_job_state::say(const actors::stage_at_barrier& reached) {
  attempt([&] {
    worker_->driver()->send(to_outgoing(barrier_said{job_, reached.stage, reached.task}, [&](byte_writer& out) {
      planned(reached.stage).barrier->said.encode(reached.said.get(), out);
    }));
  });
}

void worker_job_state::share_down(const caf::down_msg& down) {
  const auto at = live_.find(down.source.id());
  if (at == live_.end())
    return;
  const auto [stage, left] = std::move(at->second);
  live_.erase(at);
  auto& mine = share_of(stage);
  if (down.reason && left) {
    for (const auto& partition : *left)
      if (partition) {
        live_.emplace(partition.id(), live_actor{stage, nullptr});
        ++mine.live;
        self_->monitor(partition);
        self_->send_exit(partition, caf::exit_reason::user_shutdown);
      }
    if (!stopping_)
      fail(stage, error{errc::internal, "the actor of a stage died: " + to_string(down.reason)});
  }
  if (--mine.live == 0)
    end_share(stage);
}

void worker_job_state::leave() {
  for (const auto& mine : shares_)
    for (const auto& relay : mine.relays)
      if (relay)
        self_->send_exit(relay, caf::exit_reason::user_shutdown);
  for (const auto& [key, relay] : senders_)
    self_->send_exit(relay, caf::exit_reason::user_shutdown);
  shares_.clear();
  senders_.clear();
  fetched_.clear();
  run_.reset();
  worker_->job_over(job_);
}

worker_job_actor::behavior_type worker_job(worker_job_actor::stateful_pointer<worker_job_state> self, std::uint64_t job,
                                           worker_peers* worker) {
  self->state.configure(job, worker);
  const auto turn = [self](auto&& handle) {
    handle(self->state);
    if (self->state.over()) {
      self->state.leave();
      self->quit();
    }
  };
  self->set_down_handler([=](caf::down_msg& down) { turn([&](auto& state) { state.share_down(down); }); });
  return {
    [=](actors::stage_opened& opened) { turn([&](auto& state) { state.open(opened); }); },
    [=](actors::result_block& result) { turn([&](auto& state) { state.send(result); }); },
    [=](actors::task_done& done) { turn([&](auto& state) { state.finish(done); }); },
    [=](actors::task_failed& failed) { turn([&](auto& state) { state.fail(failed.failure); }); },
    [=](actors::share_advanced progress) { turn([&](auto& state) { state.advance(progress); }); },
    [=](actors::stage_at_barrier& reached) { turn([&](auto& state) { state.say(reached); }); },
    [=](job_message_arrived& arrived) { turn([&](auto& state) { state.handle(arrived); }); },
    [=](driver_lost) { turn([&](auto& state) { state.end(); }); },
    [=](peer_lost lost) { turn([&](auto& state) { state.lose(lost); }); },
    [=](peer_given_up lost) { turn([&](auto& state) { state.miss(lost); }); },
  };
}

} // namespace crema::net
