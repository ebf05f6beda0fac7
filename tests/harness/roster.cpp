#include "tests/harness/world.hpp"

#include <caf/actor_registry.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <utility>

// Which actors there are in a simulation, how they end, and what they wait for.

namespace crema::testing::detail {

namespace {

constexpr auto begun = caf::abstract_actor::is_initialized_flag;
constexpr auto visible = caf::abstract_actor::is_registered_flag;

std::string seconds(std::chrono::nanoseconds time) {
  return std::to_string(time.count()) + "ns";
}

} // namespace

void world::meet(caf::resumable* job) {
  auto* actor = as_scheduled(job);
  if (actor == nullptr || actor->getf(begun) || actors.contains(actor->id()))
    return;
  const auto id = actor->id();
  actors[id] = {actor->address(), running_, running_ == 0 ? 0 : machine_of(running_)};
  log.name(id, actor->name());
  note({trace_event::kind::spawned, running_, id});
  actor->attach_functor([this, id](const caf::error& reason) {
    const uncounted_allocations ours;
    auto& about = actors[id];
    about.alive = false;
    about.reason = reason;
    const auto why = reason ? system->render(reason) : std::string{"normal"};
    note({trace_event::kind::ended, 0, id, why, std::hash<std::string>{}(why)});
  });
}

known_actor& world::known(caf::actor_id actor) {
  return actors[actor];
}

bool world::is_alive(caf::actor_id actor) const {
  const auto at = actors.find(actor);
  return at != actors.end() && at->second.alive;
}

bool world::leave_queue(caf::scheduled_actor& actor) {
  auto& jobs = turns->jobs;
  const auto at = std::ranges::find(jobs, static_cast<caf::resumable*>(&actor));
  if (at == jobs.end())
    return false;
  jobs.erase(at);
  return true;
}

void world::settle(caf::scheduled_actor& actor) {
  if (actor.getf(begun) && next_mail(actor) == nullptr && leave_queue(actor))
    turns->resume(&actor, 0);
}

void world::kill(caf::scheduled_actor& actor, caf::error reason) {
  const caf::strong_actor_ptr keep{actor.ctrl()};
  if (!actor.getf(begun)) {
    // It dies before its first instruction.
    if (!leave_queue(actor))
      return;
    actor.on_exit();
    actor.cleanup(std::move(reason), nullptr);
    caf::intrusive_ptr_release(static_cast<caf::resumable*>(&actor));
    return;
  }
  put_first(actor, caf::make_mailbox_element(nullptr, caf::make_message_id(caf::message_priority::high), {},
                                             caf::exit_msg{{}, std::move(reason)}));
  if (leave_queue(actor))
    turns->resume(&actor, 1);
}

std::uint32_t world::machine_of(caf::actor_id actor) const {
  const auto at = actors.find(actor);
  return at == actors.end() ? 0 : at->second.machine;
}

void world::kill_machine(std::uint32_t machine) {
  for (auto& [id, about] : actors)
    if (about.machine == machine && about.alive && !about.probe)
      if (const auto actor = caf::actor_cast<caf::strong_actor_ptr>(about.address))
        kill(*as_scheduled(actor->get()), caf::exit_reason::kill);
}

void world::end_all() {
  turns->clock().cancel_all();
  for (auto& [id, about] : actors)
    if (const auto actor = caf::actor_cast<caf::strong_actor_ptr>(about.address); actor && about.alive)
      kill(*as_scheduled(actor->get()), caf::exit_reason::kill);
}

std::vector<caf::strong_actor_ptr> world::living() const {
  std::vector<caf::strong_actor_ptr> all;
  for (const auto& [id, about] : actors)
    if (about.alive && !about.probe)
      if (auto actor = caf::actor_cast<caf::strong_actor_ptr>(about.address); actor && actor->get()->getf(visible))
        all.push_back(std::move(actor));
  return all;
}

std::string world::who_waits() const {
  std::string text;
  for (const auto& actor : living()) {
    const auto id = actor->id();
    const auto& about = actors.at(id);
    const auto mail = mail_count(*as_scheduled(actor->get()));
    text += "  " + log.name_of(id) + (mail == 0 ? ": has no message" : ": has " + std::to_string(mail) + " messages");
    for (const auto& [key, request] : unanswered_)
      if (key.first == id)
        text += "; waits for " + log.name_of(request.to) + " to answer " + request.what + " of step "
                + std::to_string(request.step);
    for (const auto& explain : explanations)
      if (const auto more = explain(*actor->get()); !more.empty())
        text += "; " + more;
    if (!about.last.empty())
      text += "; last got " + about.last;
    text += '\n';
  }
  for (const auto& [id, about] : actors)
    if (about.reason == caf::exit_reason::unreachable)
      text += "  " + log.name_of(id) + ": has ended, since nobody referred to it any more"
              + (about.last.empty() ? "" : "; last got " + about.last) + '\n';
  for (const auto& [receiver, mail] : held)
    text += "  held: " + to_text(mail->content()) + " to " + log.name_of(receiver->id()) + '\n';
  for (const auto& timer : timers())
    text += "  " + timer.actor + ": has a timer at " + seconds(timer.due) + '\n';
  return text.empty() ? "  no actor lives\n" : text;
}

std::vector<timer_view> world::timers() const {
  using clock = caf::detail::simple_actor_clock;
  std::vector<timer_view> all;
  for (const auto& [due, event] : turns->clock().schedule()) {
    caf::strong_actor_ptr actor;
    switch (event->subtype) {
    case clock::ordinary_timeout_type:
      actor = static_cast<const clock::ordinary_timeout&>(*event).self;
      break;
    case clock::multi_timeout_type:
      actor = static_cast<const clock::multi_timeout&>(*event).self;
      break;
    case clock::request_timeout_type:
      actor = static_cast<const clock::request_timeout&>(*event).self;
      break;
    case clock::actor_msg_type:
      actor = static_cast<const clock::actor_msg&>(*event).receiver;
      break;
    default:
      break;
    }
    all.push_back({due - start_, log.name_of(actor ? actor->id() : 0)});
  }
  return all;
}

std::optional<std::chrono::nanoseconds> world::next_timer() const {
  const auto& schedule = turns->clock().schedule();
  return schedule.empty() ? std::nullopt : std::optional{schedule.begin()->first - start_};
}

std::string world::describe_mail() const {
  std::string text;
  for (const auto& [id, about] : actors)
    if (const auto actor = caf::actor_cast<caf::strong_actor_ptr>(about.address); actor && about.alive)
      for (const auto* mail : all_mail(*as_scheduled(actor->get())))
        text += "  " + log.name_of(id) + " has  " + to_text(mail->content()) + "  of "
                + log.name_of(mail->sender ? mail->sender->id() : 0) + '\n';
  return text.empty() ? "  no actor has a message\n" : text;
}

} // namespace crema::testing::detail
