#include "tests/harness/world.hpp"

#include "tests/harness/failure.hpp"

#include <caf/atom.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <typeinfo>
#include <utility>

namespace crema::testing::detail {

namespace {

bool has_begun(const caf::scheduled_actor& actor) {
  return actor.getf(caf::abstract_actor::is_initialized_flag);
}

bool has_ended(const caf::scheduled_actor& actor) {
  return actor.getf(caf::abstract_actor::is_terminated_flag);
}

/// What CAF itself sends, which no link loses.
bool is_of_caf(const caf::type_erased_tuple& content) {
  return content.match_elements<caf::down_msg>() || content.match_elements<caf::exit_msg>()
         || content.match_elements<caf::timeout_msg>();
}

std::uint64_t key_of(const caf::mailbox_element& mail) {
  std::uint64_t key = mail.mid.integer_value();
  const auto& content = mail.content();
  for (std::size_t i = 0; i != content.size(); ++i) {
    const auto [number, info] = content.type(i);
    key = key * 31 + (info != nullptr ? info->hash_code() : number);
  }
  return key;
}

} // namespace

world::world(simulation_settings given) : settings{std::move(given)} {
  if (!settings.order)
    settings.order = fifo();
  config.load<coordinator>();
  config.set("logger.verbosity", caf::atom("quiet"));
  if (settings.configure)
    settings.configure(config);
  system.emplace(config);
  turns = &dynamic_cast<coordinator&>(system->scheduler());
  turns->on_ready = [this](caf::resumable* job) { meet(job); };
  start_ = turns->clock().time();
}

world::~world() {
  interventions.clear();
  held.clear();
  for (auto& [id, actor] : actors)
    if (actor.probe)
      *actor.probe = {};
  const bool quiet = turns->jobs.empty() && turns->clock().schedule().empty();
  if (quiet && !may_leak && !failed() && !living().empty())
    ADD_FAILURE() << "actors live on to which only they themselves refer:\n"
                  << who_waits() << "the last events:\n"
                  << log.to_text();
  if (at_end)
    at_end(*this);
  else if (failed() && !caught())
    std::cout << "the last events of the simulation:\n" << log.to_text();
  end_all();
  system->await_actors_before_shutdown(false);
  turns->on_ready = nullptr;
  system.reset();
}

// -- running ----------------------------------------------------------------------------------------------------------

bool world::step() {
  demand_outside();
  while (intervene()) {
  }
  const auto before = steps;
  while (steps == before && !idle()) // an actor may be ready for mail that was taken away
    run(turns->take(pick()));
  return steps != before;
}

void world::step(caf::scheduled_actor& actor) {
  begin(actor);
  if (leave_queue(actor))
    run(&actor);
}

void world::begin(caf::scheduled_actor& actor) {
  demand_outside();
  if (!has_begun(actor) && leave_queue(actor))
    run(&actor);
}

bool world::idle() const {
  return std::ranges::none_of(turns->jobs, [this](auto* job) { return may_run(job); });
}

bool world::may_run(caf::resumable* job) const {
  if (paused.empty())
    return true;
  const auto* actor = as_scheduled(job);
  return actor == nullptr || !paused.contains(machine_of(actor->id()));
}

std::size_t world::pick() {
  ready_.clear();
  places_.clear();
  const auto& jobs = turns->jobs;
  for (std::size_t i = 0; i != jobs.size(); ++i) {
    if (!may_run(jobs[i]))
      continue;
    const auto* actor = as_scheduled(jobs[i]);
    ready_.push_back(actor != nullptr ? actor->id() : 0);
    places_.push_back(i);
  }
  if (ready_.size() == 1)
    return places_.front();
  const auto picked = settings.order->pick(ready_);
  picks.push_back(picked);
  widths.push_back(ready_.size());
  return places_[picked];
}

void world::run(caf::resumable* job) {
  auto* actor = as_scheduled(job);
  if (actor == nullptr) {
    ++steps;
    turns->resume(job, 1);
    return;
  }
  const caf::strong_actor_ptr keep{actor->ctrl()};
  running_ = actor->id();
  if (!has_begun(*actor)) {
    ++steps;
    note({trace_event::kind::started, 0, actor->id()});
    resume(*actor, 0);
  } else if (const auto* mail = next_mail(*actor)) {
    handle_next(*actor, *mail);
  } else {
    resume(*actor, 0);
  }
  running_ = 0;
  if (failed_fatally() && std::uncaught_exceptions() == 0) // a job that is destroyed on the way out is run to its end
    leave_test();
}

void world::resume(caf::scheduled_actor& actor, std::size_t messages) {
  auto& gate = this_threads_gate();
  gate.counts = !short_of_memory.empty() && short_of_memory == actor.name();
  turns->resume(&actor, messages);
  gate.counts = false;
  if (std::exchange(gate.failed, false))
    fault("an allocation fails", running_);
}

void world::handle_next(caf::scheduled_actor& actor, const caf::mailbox_element& mail) {
  ++steps;
  auto& about = known(actor.id());
  if (!lossy.empty() && lose(actor, mail)) {
    turns->resume(&actor, 0);
    return;
  }
  const auto from = mail.sender ? mail.sender->id() : 0;
  trace_event event{trace_event::kind::received, from, actor.id(), describe(mail), key_of(mail)};
  event.waiting = mail_count(actor) - 1;
  note(event);
  track_request(actor.id(), mail);
  ++about.handled;
  if (settings.trace_text)
    about.last = event.what + " at step " + std::to_string(steps);
  if (about.probe) {
    collect(*about.probe, actor, mail);
    return;
  }
  if (about.throws && about.handled == about.throws_at) {
    fault("its handler throws", actor.id());
    auto stand_in = throwing_mail(mail, std::exchange(about.throws, nullptr));
    take_mail(actor, &mail);
    put_first(actor, std::move(stand_in));
  }
  const auto* address = &mail;
  resume(actor, 1);
  if (!has_ended(actor) && was_skipped(actor, address)) {
    event.of = trace_event::kind::skipped;
    note(std::move(event));
  }
}

void world::collect(probe_state& probe, caf::scheduled_actor& actor, const caf::mailbox_element& mail) {
  auto taken = take_mail(actor, &mail);
  turns->resume(&actor, 0);
  letter got{taken->sender, taken->mid, taken->move_content_to_message()};
  probe.got.push_back(got);
  if (probe.pilot) {
    class probe hand {
      known(actor.id()).probe
    };
    probe.pilot(hand, got);
  }
}

bool world::intervene() {
  const auto next = interventions.begin();
  if (next == interventions.end() || next->first > steps)
    return false;
  const auto action = std::move(next->second.second);
  fault(std::move(next->second.first));
  interventions.erase(next);
  action();
  return true;
}

bool world::lose(caf::scheduled_actor& actor, const caf::mailbox_element& mail) {
  auto found = lossy.find(actor.id());
  if (found == lossy.end() && mail.sender)
    found = lossy.find(mail.sender->id());
  if (found == lossy.end() || is_of_caf(mail.content()))
    return false;
  const auto& chances = found->second;
  const auto text = types_of(mail.content()) + " to " + log.name_of(actor.id());
  if (settings.draws.chance_of(chances.lose)) {
    fault("lost: " + text, actor.id());
    take_mail(actor, &mail);
    return true;
  }
  if (settings.draws.chance_of(chances.delay)) {
    const auto most = static_cast<std::uint64_t>(chances.longest_delay.count());
    const std::chrono::nanoseconds late{settings.draws.below(most) + 1};
    fault("late by " + std::to_string(late.count()) + "ns: " + text, actor.id());
    turns->clock().schedule_message(turns->clock().now() + late, caf::strong_actor_ptr{actor.ctrl()},
                                    take_mail(actor, &mail));
    return true;
  }
  if (settings.draws.chance_of(chances.duplicate)) {
    fault("comes twice: " + text, actor.id());
    actor.enqueue(copy_of(mail), nullptr);
  }
  return false;
}

void world::demand_outside() const {
  if (running_ != 0)
    fail_test("an actor may not run the simulation that it is a part of", {});
}

std::chrono::nanoseconds world::now() const {
  return turns->clock().time() - start_;
}

void world::advance(std::chrono::nanoseconds time) {
  turns->clock().advance_to(turns->clock().time() + time);
}

// -- what is noted ----------------------------------------------------------------------------------------------------

void world::note(trace_event event) {
  event.step = steps;
  event.at = now();
  log.add(std::move(event));
}

void world::fault(std::string what, caf::actor_id where) {
  note({trace_event::kind::fault, 0, where, std::move(what)});
}

fault_points& world::fault_points_here() {
  if (!points)
    points.emplace([this](const std::string& what) { fault(what, running_); },
                   [this](std::chrono::nanoseconds time) { turns->clock().take(time); });
  return *points;
}

std::string world::describe(const caf::mailbox_element& mail) const {
  return settings.trace_text ? to_text(mail.content()) : std::string{};
}

void world::track_request(caf::actor_id to, const caf::mailbox_element& mail) {
  const auto number = mail.mid.request_id().integer_value();
  if (mail.mid.is_response())
    unanswered_.erase({to, number});
  else if (mail.mid.is_request() && mail.sender)
    unanswered_[{mail.sender->id(), number}] = {to, describe(mail), steps};
}

} // namespace crema::testing::detail
