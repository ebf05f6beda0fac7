#pragma once

#include "tests/harness/clause.hpp"

#include <caf/message.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace crema::testing {

template <class... Ts>
class injection;

/// A message in a mailbox, until the next step.
struct mail_view {
  caf::strong_actor_ptr sender;
  const caf::type_erased_tuple* content;
  std::string text; ///< as traces show it

  template <class... Ts>
  bool is() const {
    return content->match_elements<Ts...>();
  }
};

/// What a test does with the messages of a simulation. A message lies in its receiver's mailbox from the moment that it
/// is sent, and nothing but these verbs and the steps of actors takes it out.
class message_verbs {
public:
  /// Delivers the message that must be the next of its receiver.
  template <class... Ts>
  clause<Ts...> expect(source_location where = source_location::current()) {
    return {in_, detail::verb::expect, where};
  }
  /// The same if it is there: `if (allow<ping>().to(b)) …`.
  template <class... Ts>
  clause<Ts...> allow(source_location where = source_location::current()) {
    return {in_, detail::verb::allow, where};
  }
  /// There is no such message in any mailbox.
  template <class... Ts>
  clause<Ts...> disallow(source_location where = source_location::current()) {
    return {in_, detail::verb::disallow, where};
  }
  /// Sends a message and delivers it at once, before all that waits: `inject<int>().from(a).to(b).with(7)`.
  template <class... Ts>
  injection<Ts...> inject(source_location where = source_location::current()) {
    return {*this, where};
  }

  /// Loses the first such message.
  template <class... Ts>
  clause<Ts...> drop(source_location where = source_location::current()) {
    return {in_, detail::verb::drop, where};
  }
  /// Delivers it twice, the second time behind all that waits.
  template <class... Ts>
  clause<Ts...> duplicate(source_location where = source_location::current()) {
    return {in_, detail::verb::duplicate, where};
  }
  /// Takes it away, to arrive after `time`.
  template <class... Ts>
  clause<Ts...> delay_by(std::chrono::nanoseconds time, source_location where = source_location::current()) {
    return {in_, detail::verb::delay, where, time};
  }
  /// Keeps all such messages that are there now away from their receivers.
  template <class... Ts>
  clause<Ts...> hold(source_location where = source_location::current()) {
    return {in_, detail::verb::hold, where};
  }
  /// Puts those that were held back, behind all that waits.
  template <class... Ts>
  clause<Ts...> release(source_location where = source_location::current()) {
    return {in_, detail::verb::release, where};
  }
  void release_all();

  /// Messages in all mailboxes.
  std::size_t mail_count() const;
  std::vector<mail_view> mailbox_of(const actor_ref& actor) const;

protected:
  explicit message_verbs(detail::world& in) noexcept : in_{in} {}

private:
  template <class... Ts>
  friend class injection;

  void deliver(const actor_ref& from, const actor_ref& to, caf::message content, source_location where);

  detail::world& in_;
};

/// What inject() begins.
template <class... Ts>
class injection {
public:
  injection(message_verbs& in, source_location where) : in_{in}, where_{where} {}

  injection& from(const actor_ref& sender) {
    from_ = sender;
    return *this;
  }
  injection& to(const actor_ref& receiver) {
    to_ = receiver;
    return *this;
  }
  void with(Ts... values) { in_.deliver(from_, to_, caf::make_message(std::move(values)...), where_); }

private:
  message_verbs& in_;
  source_location where_;
  actor_ref from_;
  actor_ref to_;
};

} // namespace crema::testing
