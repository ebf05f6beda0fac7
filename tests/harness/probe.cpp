#include "tests/harness/probe.hpp"

#include "tests/harness/failure.hpp"
#include "tests/harness/world.hpp"

#include <caf/default_attachable.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/system_messages.hpp>

#include <utility>

namespace crema::testing {

using detail::as_scheduled;

namespace {

std::string to_text(const detail::probe_state& probe, const letter& got) {
  return detail::to_text(got.content) + "  of " + probe.in->log.name_of(got.sender ? got.sender->id() : 0);
}

[[noreturn]] void fail(const detail::probe_state& probe, const std::string& what, source_location where) {
  auto text = probe.in->log.name_of(probe.self.id()) + ' ' + what + "\nit has got\n";
  for (const auto& got : probe.got)
    text += "  " + to_text(probe, got) + '\n';
  if (probe.got.empty())
    text += "  nothing\n";
  detail::fail_test(
    text + "in all mailboxes:\n" + probe.in->describe_mail() + "the last events:\n" + probe.in->log.to_text(20), where);
}

/// Whether it has got something, now or by what lies in its mailbox.
bool fetch(detail::probe_state& probe) {
  auto* actor = as_scheduled(caf::actor_cast<caf::abstract_actor*>(probe.self));
  if (probe.got.empty() && detail::next_mail(*actor) != nullptr)
    probe.in->step(*actor);
  return !probe.got.empty();
}

} // namespace

letter probe::take(const detail::pattern& wanted, source_location where) {
  if (!fetch(*state_))
    fail(*state_, "expected " + wanted.types, where);
  std::string why;
  if (!wanted.fits(state_->got.front().content, why))
    fail(*state_,
         "expected " + wanted.types + (wanted.values.empty() ? "" : " whose values are " + wanted.values)
           + ", but of the first message " + why,
         where);
  state_->last = std::move(state_->got.front());
  state_->got.pop_front();
  return state_->last;
}

void probe::expect_nothing(source_location where) {
  if (fetch(*state_))
    fail(*state_, "expected nothing", where);
}

void probe::expect_down(const actor_ref& actor, source_location where) {
  auto wanted = detail::pattern_of<caf::down_msg>();
  wanted.values = "of " + state_->in->log.name_of(actor.id());
  wanted.fits = [types = wanted.fits, id = actor.id()](const auto& content, std::string& why) {
    if (!types(content, why))
      return false;
    why = "another actor has ended";
    return content.template get_as<caf::down_msg>(0).source.id() == id;
  };
  take(wanted, where);
}

std::size_t probe::count() const {
  return state_->got.size() + detail::mail_count(*as_scheduled(caf::actor_cast<caf::abstract_actor*>(state_->self)));
}

void probe::ignore() {
  while (fetch(*state_))
    state_->got.clear();
}

void probe::post(const actor_ref& to, caf::message_id id, caf::message content) {
  if (to)
    to.ptr()->enqueue(caf::actor_cast<caf::strong_actor_ptr>(state_->self), id, std::move(content), nullptr);
}

caf::message_id probe::next_request() {
  return caf::message_id{caf::message_id::default_async_value + ++state_->requests};
}

void probe::answer(caf::message content) {
  post(state_->last.sender, state_->last.id.response_id(), std::move(content));
}

void probe::forward(const actor_ref& to) {
  const auto& [sender, id, content] = state_->last;
  if (to)
    to.ptr()->enqueue(sender, id, content, nullptr);
}

void probe::watch(const actor_ref& actor) {
  if (actor)
    actor.get()->attach(caf::default_attachable::make_monitor(actor.get()->address(), state_->self.address()));
}

void probe::autopilot(std::function<void(probe&, const letter&)> pilot) {
  state_->pilot = std::move(pilot);
}

} // namespace crema::testing
