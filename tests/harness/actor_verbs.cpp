#include "tests/harness/actor_verbs.hpp"

#include "tests/harness/failure.hpp"
#include "tests/harness/type_name.hpp"
#include "tests/harness/world.hpp"

#include <caf/default_attachable.hpp>

#include <utility>

namespace crema::testing {

using detail::as_scheduled;

namespace {

/// The pointer to a protected member that only a derived class may name.
struct protected_members : caf::monitorable_actor {
  static auto attachables() { return &protected_members::attachables_head_; }
};

/// Whether `observer` gets to know of the end of `observed` in this way.
bool observes(const actor_ref& observer, const actor_ref& observed, caf::default_attachable::observe_type how) {
  const auto* actor = dynamic_cast<const caf::monitorable_actor*>(observed.get());
  if (actor == nullptr || !observer)
    return false;
  const caf::default_attachable::observe_token wanted{observer.get()->address(), how};
  for (const auto* one = (actor->*protected_members::attachables()).get(); one != nullptr; one = one->next.get())
    if (const_cast<caf::attachable*>(one)->matches(wanted))
      return true;
  return false;
}

} // namespace

caf::actor_system& actor_verbs::system() noexcept {
  return *in_.system;
}

crema::testing::probe actor_verbs::probe(std::string name) {
  auto self = spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](caf::unit_t) {}}; // so that it lives; the simulation takes all that it gets
  });
  auto* actor = as_scheduled(caf::actor_cast<caf::abstract_actor*>(self));
  in_.leave_queue(*actor);
  in_.turns->resume(actor, 0);
  set_name(self, std::move(name));
  auto& state = in_.known(self.id()).probe;
  state = std::make_shared<detail::probe_state>();
  state->in = &in_;
  state->self = std::move(self);
  return crema::testing::probe{state};
}

void actor_verbs::set_name(const actor_ref& actor, std::string name) {
  in_.log.name(actor.id(), std::move(name));
}

void actor_verbs::no_state(const actor_ref& actor, const std::type_info& state, source_location where) const {
  detail::fail_test("state_of: " + in_.log.name_of(actor.id()) + " has no state of type " + detail::type_name(state)
                      + (is_alive(actor) ? "" : ": it has ended"),
                    where);
}

bool actor_verbs::is_alive(const actor_ref& actor) const {
  return in_.is_alive(actor.id());
}

std::optional<caf::error> actor_verbs::exit_reason(const actor_ref& actor) const {
  const auto at = in_.actors.find(actor.id());
  return at == in_.actors.end() || at->second.alive ? std::nullopt : std::optional{at->second.reason};
}

std::vector<actor_ref> actor_verbs::spawned_by(const actor_ref& parent) const {
  std::vector<actor_ref> all;
  for (const auto& [id, about] : in_.actors)
    if (about.parent == parent.id())
      if (actor_ref child{about.address})
        all.push_back(std::move(child));
  return all;
}

std::vector<actor_ref> actor_verbs::living(const std::string& name) const {
  std::vector<actor_ref> all;
  for (const auto& actor : in_.living())
    if (name.empty() || name == static_cast<caf::local_actor*>(actor->get())->name())
      all.emplace_back(actor);
  return all;
}

bool actor_verbs::is_linked(const actor_ref& a, const actor_ref& b) const {
  return observes(a, b, caf::default_attachable::link);
}

bool actor_verbs::monitors(const actor_ref& observer, const actor_ref& observed) const {
  return observes(observer, observed, caf::default_attachable::monitor);
}

std::string actor_verbs::who_waits() const {
  return in_.who_waits();
}

void actor_verbs::explain_with(std::function<std::string(caf::abstract_actor&)> explain) {
  in_.explanations.push_back(std::move(explain));
}

} // namespace crema::testing
