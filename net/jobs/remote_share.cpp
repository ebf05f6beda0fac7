#include "net/jobs/remote_share.hpp"

#include "dataflow/plan/plan_codec.hpp"
#include "dataflow/plan/plan_run.hpp"
#include "dataflow/plan/task_report.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace crema::net {

using internal::byte_reader;
using internal::byte_writer;

namespace {

/// Which stored partitions the tasks of a share read that another worker than `mine` keeps.
void encode_elsewhere(const actors::stage_assignment& work, std::uint64_t mine, byte_writer& out) {
  const auto& of = *work.stage;
  const auto& scope = *work.job->plan().scope;
  std::map<std::pair<std::size_t, int>, std::uint64_t> elsewhere; // by root and partition
  for (const int task : work.tasks)
    for (const auto& [root, p] :
         internal::roots_of(*of.top, of.partitions[static_cast<std::size_t>(task)], of.computes_top, scope)) {
      if (!root->stored_in(scope) || (of.computes_top && root == of.top))
        continue;
      const auto keeper = scope.store(*root)->worker(p);
      if (keeper && *keeper != mine)
        elsewhere[{static_cast<std::size_t>(std::ranges::find(of.roots, root) - of.roots.begin()), p}] = *keeper;
    }
  out.varint(elsewhere.size());
  for (const auto& [at, keeper] : elsewhere) {
    out.varint(at.first);
    out.varint(static_cast<std::uint64_t>(at.second));
    out.varint(keeper);
  }
}

} // namespace

void remote_share_state::begin(actors::driver_actor driver, actors::stage_assignment work,
                               std::shared_ptr<job_workers> workers) {
  driver_ = std::move(driver);
  work_ = std::move(work);
  workers_ = std::move(workers);
  worker_ = workers_->all()[static_cast<std::size_t>(work_.share)];
  job_ = workers_->job();
  stage_ = work_.stage->id;
  try {
    auto order = to_outgoing(start_share{job_, stage_}, [&](byte_writer& out) {
      encode_elsewhere(work_, static_cast<std::uint64_t>(worker_->number()), out);
      for (const int task : work_.tasks)
        internal::encode_sources(work_.job->plan(), stage_, task, out);
    });
    worker_->add(job_, stage_, remote_share_actor{self_});
    worker_->send(std::move(order));
  } catch (...) {
    self_->send(work_.supervisor, actors::task_failed{current_error({})});
    over_ = true;
  }
}

void remote_share_state::note(const actors::producers_done& progress) {
  worker_->send(to_outgoing(note_producers{job_, stage_, progress.input, progress.first}));
}

void remote_share_state::resolve(const actors::barrier_agreed& agreed) {
  worker_->send(to_outgoing(tell_agreed{job_, stage_},
                            [&](byte_writer& out) { work_.stage->barrier->agreed.encode(agreed.agreed.get(), out); }));
}

void remote_share_state::handle(share_message_arrived& arrived) {
  const auto bytes = std::move(arrived.bytes);
  try {
    byte_reader in{bytes->payload()};
    dispatch(*bytes, in);
  } catch (...) {
    self_->send(work_.supervisor, actors::task_failed{current_error({})});
  }
}

void remote_share_state::dispatch(const message& bytes, byte_reader& in) {
  switch (static_cast<job_kind>(bytes.kind())) {
  case job_kind::share_opened:
    self_->send(work_.supervisor, actors::stage_opened{stage_, work_.share, nullptr});
    return;
  case job_kind::share_advanced: {
    const auto ended = read_message<share_advanced>(in).ended;
    if (static_cast<std::size_t>(ended) > work_.tasks.size())
      in.fail("more tasks than were given to that worker");
    self_->send(work_.supervisor, actors::share_advanced{stage_, work_.share, ended});
    return;
  }
  case job_kind::barrier_said: {
    const auto at = read_message<barrier_said>(in);
    require_own(at.task, in);
    self_->send(work_.supervisor, actors::stage_at_barrier{stage_, at.task, work_.stage->barrier->said.decode(in)});
    return;
  }
  case job_kind::result_made: {
    const auto made = read_message<result_made>(in);
    require_own(made.task, in);
    return accept(made.task, in);
  }
  case job_kind::task_done: {
    const auto done = read_message<task_done>(in);
    require_own(done.task, in);
    return finish(done.task, in);
  }
  case job_kind::task_failed:
    static_cast<void>(read_message<task_failed>(in));
    self_->send(work_.supervisor, actors::task_failed{internal::decode_error(in)});
    return;
  case job_kind::peer_missing: {
    const int peer = read_message<peer_missing>(in).peer;
    return lose(workers_->index_of(peer), "worker " + std::to_string(worker_->number())
                                            + " lost its connection to worker " + std::to_string(peer));
  }
  case job_kind::fetch_block: {
    const auto wanted = read_message<fetch_block>(in);
    workers_->all()[workers_->index_of(wanted.keeper)]->send(to_outgoing(wanted));
    return;
  }
  case job_kind::share_ended:
    over_ = true;
    return;
  default:
    in.fail("a message that no driver takes");
  }
}

/// A worker speaks for the tasks that were given to it, and for no others.
void remote_share_state::require_own(int task, byte_reader& in) const {
  if (std::ranges::find(work_.tasks, task) == work_.tasks.end())
    in.fail("a task that was not given to that worker");
}

void remote_share_state::accept(int task, byte_reader& in) {
  auto records = work_.stage->emits.codec->decode(in);
  internal::credit_token taken{static_cast<void*>(this), [worker = worker_, order = take_result{job_, stage_, task}](
                                                           void*) { worker->send(to_outgoing(order)); }};
  self_->send(work_.supervisor, actors::result_block{stage_, task, std::move(records), std::move(taken)});
}

void remote_share_state::finish(int task, byte_reader& in) {
  auto report = std::make_shared<internal::task_report>(internal::decode_report(in));
  report->worker = static_cast<std::uint64_t>(worker_->number());
  const auto metrics = report->metrics;
  self_->send(work_.supervisor, actors::task_done{stage_, task, nullptr, metrics, {}, std::move(report)});
}

void remote_share_state::lose(const worker_lost& lost) {
  over_ = true;
  lose(static_cast<std::size_t>(work_.share),
       "worker " + std::to_string(worker_->number()) + " was lost: " + lost.reason);
}

void remote_share_state::lose(std::size_t host, std::string how) {
  self_->send(driver_, actors::share_lost{stage_, work_.share, static_cast<int>(host), std::move(how)});
}

void remote_share_state::stop() {
  worker_->send(to_outgoing(stop_share{job_, stage_}));
}

remote_share_actor::behavior_type remote_share(remote_share_actor::stateful_pointer<remote_share_state> self,
                                               const actors::driver_actor& driver, actors::stage_assignment work,
                                               std::shared_ptr<job_workers> workers) {
  const auto worker = workers->all()[static_cast<std::size_t>(work.share)];
  const auto turn = [self, worker, job = workers->job(), stage = work.stage->id](auto&& handle) {
    handle(self->state);
    if (self->state.over()) {
      worker->remove(job, stage);
      self->quit();
    }
  };
  self->set_exit_handler([=](caf::exit_msg&) { turn([&](auto& state) { state.stop(); }); });
  turn([&](auto& state) { state.begin(driver, std::move(work), workers); });
  return {
    [=](actors::producers_done progress) { self->state.note(progress); },
    [=](const actors::barrier_agreed& agreed) { self->state.resolve(agreed); },
    [=](share_message_arrived& arrived) { turn([&](auto& state) { state.handle(arrived); }); },
    [=](const worker_lost& lost) { turn([&](auto& state) { state.lose(lost); }); },
  };
}

} // namespace crema::net
