#pragma once

#include "tests/harness/probe.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace crema::testing {

namespace detail {

/// What actors of a handle's type are made of.
template <class Handle>
struct base_of {
  using type = typename Handle::base;
};
template <>
struct base_of<caf::actor> {
  using type = caf::event_based_actor;
};

/// `function(self)` as a function of two arguments: CAF 0.17 dereferences a null pointer where an actor's function has
/// no argument but itself, and a libstdc++ with assertions notices.
template <class F, class Result, class Self>
auto with_argument(F function, Result (F::*)(Self*) const) {
  return [function = std::move(function)](Self* self, char) -> Result { return function(self); };
}
template <class Result, class Self>
auto with_argument(Result (*function)(Self*), std::nullptr_t) {
  return [function](Self* self, char) -> Result { return function(self); };
}

} // namespace detail

/// The actors of a simulation: making them, and looking at them.
class actor_verbs {
public:
  caf::actor_system& system() noexcept;

  /// As caf::actor_system::spawn: the actor starts with its first step.
  template <class F, class... Args>
  auto spawn(F function, Args&&... args) {
    if constexpr (sizeof...(Args) != 0)
      return system().spawn(std::move(function), std::forward<Args>(args)...);
    else if constexpr (std::is_class_v<F>)
      return system().spawn(detail::with_argument(std::move(function), &F::operator()), ' ');
    else
      return system().spawn(detail::with_argument(function, nullptr), ' ');
  }

  /// Gives an actor the name that traces and failures show.
  template <class Handle>
  Handle named(std::string name, Handle actor) {
    set_name(actor, std::move(name));
    return actor;
  }

  /// An actor that does nothing but to keep what it gets, for the test to look at.
  crema::testing::probe probe(std::string name = "probe");

  /// The state of a stateful actor that lives.
  template <class State, class Handle>
  State& state_of(const Handle& actor, source_location where = source_location::current()) {
    using base = caf::stateful_actor<State, typename detail::base_of<Handle>::type>;
    auto* found = dynamic_cast<base*>(caf::actor_cast<caf::abstract_actor*>(actor));
    if (found == nullptr || !is_alive(actor))
      no_state(actor, typeid(State), where);
    return found->state;
  }

  bool is_alive(const actor_ref& actor) const;
  /// Why it ended; nothing while it lives.
  std::optional<caf::error> exit_reason(const actor_ref& actor) const;
  std::vector<actor_ref> spawned_by(const actor_ref& parent) const;
  /// Those that live, by the name that CAF knows, such as "crema.partition"; all without one.
  std::vector<actor_ref> living(const std::string& name = {}) const;
  bool is_linked(const actor_ref& a, const actor_ref& b) const;
  bool monitors(const actor_ref& observer, const actor_ref& observed) const;

  /// Every living actor, a line each: what it has, and whose answer it waits for.
  std::string who_waits() const;
  /// Adds what `explain` says of an actor to who_waits; "" if it knows nothing.
  void explain_with(std::function<std::string(caf::abstract_actor&)> explain);

protected:
  explicit actor_verbs(detail::world& in) noexcept : in_{in} {}

private:
  void set_name(const actor_ref& actor, std::string name);
  [[noreturn]] void no_state(const actor_ref& actor, const std::type_info& state, source_location where) const;

  detail::world& in_;
};

} // namespace crema::testing
