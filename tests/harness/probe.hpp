#pragma once

#include "dataflow/source_location.hpp"
#include "tests/harness/actor_ref.hpp"
#include "tests/harness/clause.hpp"

#include <caf/actor.hpp>
#include <caf/message.hpp>
#include <caf/message_id.hpp>
#include <caf/typed_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace crema::testing {

class probe;

/// A message that a probe got.
struct letter {
  caf::strong_actor_ptr sender;
  caf::message_id id;
  caf::message content;
};

namespace detail {

struct probe_state {
  world* in = nullptr;
  caf::actor self{};
  std::deque<letter> got{}; ///< and not taken
  letter last{};            ///< taken
  std::uint64_t requests = 0;
  std::function<void(probe&, const letter&)> pilot{};
};

} // namespace detail

/// An actor in the hand of a test: it keeps what it gets, and says what the test lets it say.
///
///     auto server = sim.probe("server");
///     auto client = sim.spawn(client_actor, server.as<server_actor>());
///     sim.run();
///     server.expect<query>(Field(&query::key, "x"));
///     server.reply(answer{42});
///     sim.run();
///     server.expect_nothing();
///
/// A probe that is a copy of another is the same actor. It lives as long as its simulation.
class probe {
public:
  explicit probe(std::shared_ptr<detail::probe_state> state) : state_{std::move(state)} {}

  const caf::actor& actor() const noexcept { return state_->self; }
  operator actor_ref() const { return {state_->self}; }
  /// For whoever wants a typed handle; the probe takes any message anyway.
  template <class Handle>
  Handle as() const {
    return caf::actor_cast<Handle>(state_->self);
  }

  // -- what it gets ---------------------------------------------------------------------------------------------------

  /// Takes the next message, which must be of these types, with these values or as these gmock matchers say, and
  /// returns it; a tuple if it has several values. What is in the mailbox counts as arrived.
  template <class... Ts>
  auto expect(source_location where = source_location::current()) {
    return values_of<Ts...>(take(detail::pattern_of<Ts...>(), where));
  }
  template <class... Ts>
  requires(sizeof...(Ts) != 0) auto expect(const std::type_identity_t<::testing::Matcher<const Ts&>>&... wanted,
                                           source_location where = source_location::current()) {
    auto pattern = detail::pattern_of<Ts...>();
    detail::demand_values<Ts...>(pattern, wanted...);
    return values_of<Ts...>(take(pattern, where));
  }

  /// There is no message for it, delivered or on its way into its mailbox.
  void expect_nothing(source_location where = source_location::current());
  /// The next message says that this actor, which it watches, has ended.
  void expect_down(const actor_ref& actor, source_location where = source_location::current());
  std::size_t count() const;
  /// Forgets what came so far.
  void ignore();

  // -- what it does ---------------------------------------------------------------------------------------------------

  template <class Handle, class... Ts>
  void send(const Handle& to, Ts&&... values) {
    post(to, caf::message_id{}, caf::make_message(std::forward<Ts>(values)...));
  }
  /// The same as a request, whose answer comes as a message.
  template <class Handle, class... Ts>
  void request(const Handle& to, Ts&&... values) {
    post(to, next_request(), caf::make_message(std::forward<Ts>(values)...));
  }
  /// Answers the message that was taken last.
  template <class... Ts>
  void reply(Ts&&... values) {
    answer(caf::make_message(std::forward<Ts>(values)...));
  }
  /// Sends the message that was taken last on, in the name of its sender.
  void forward(const actor_ref& to);
  /// Monitors an actor.
  void watch(const actor_ref& actor);
  /// From here on, `pilot` handles each message as it is delivered, beside its being kept.
  void autopilot(std::function<void(probe&, const letter&)> pilot);
  /// For an autopilot: makes `message` the one that reply() and forward() mean.
  void turn_to(const letter& message) { state_->last = message; }

private:
  template <class... Ts>
  static auto values_of(const letter& got);
  letter take(const detail::pattern& wanted, source_location where);
  void post(const actor_ref& to, caf::message_id id, caf::message content);
  caf::message_id next_request();
  void answer(caf::message content);

  std::shared_ptr<detail::probe_state> state_;
};

template <class... Ts>
auto probe::values_of(const letter& got) {
  if constexpr (sizeof...(Ts) == 1)
    return (got.content.get_as<Ts>(0), ...);
  else
    return [&got]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Ts...>{got.content.get_as<Ts>(I)...};
    }
  (std::index_sequence_for<Ts...>{});
}

} // namespace crema::testing
