#pragma once

#include "dataflow/source_location.hpp"
#include "tests/harness/actor_ref.hpp"

#include <caf/error.hpp>
#include <caf/exit_reason.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>

namespace crema::testing {

namespace detail {

class world;

} // namespace detail

/// What may happen to a message on its way, each with its probability.
struct link_faults {
  double lose = 0;
  double duplicate = 0;
  double delay = 0;
  std::chrono::nanoseconds longest_delay = std::chrono::milliseconds{50};
};

/// What a test lets go wrong in a simulation. Every fault is in the trace.
class fault_verbs {
public:
  /// Ends an actor at once, before what is in its mailbox.
  void kill(const actor_ref& actor, caf::error reason = caf::exit_reason::kill);
  /// Lets the handler of its nth message from now throw.
  void throw_in(const actor_ref& actor, std::uint64_t nth = 1,
                std::exception_ptr what = std::make_exception_ptr(std::runtime_error{"thrown by the test"}));

  /// From here on messages to and from this actor may get lost, come twice, or late. Not what CAF itself sends.
  void unreliable(const actor_ref& actor, link_faults faults);
  /// Ends that for all actors; what is late still comes.
  void heal();

  /// From here on the actor is on this machine, as are those that it spawns; whoever is not put elsewhere is on 0.
  void put_on_machine(const actor_ref& actor, std::uint32_t machine);
  std::uint32_t machine_of(const actor_ref& actor) const;
  /// Ends all actors of a machine at once, before what is in their mailboxes. Others may come to it later.
  void kill_machine(std::uint32_t machine);
  /// Its actors get no turn until it is resumed; messages and timers wait for them.
  void pause_machine(std::uint32_t machine);
  void resume_machine(std::uint32_t machine);

  /// Lets the nth call from now behind a fault point of crema (dataflow/fault_point.hpp) fail with an errno, and if
  /// `lasting` all after it: a full disk is fail_at("spill.write", 1, ENOSPC, true).
  void fail_at(const std::string& point, std::uint64_t nth, int error, bool lasting = false);
  /// Lets each call from now behind a fault point take so much virtual time: a slow disk, or one that hangs.
  void slow_down(const std::string& point, std::chrono::nanoseconds time);
  /// How often a fault point has been passed since the first call of fail_at, slow_down or this.
  std::uint64_t passed(const std::string& point);

  /// Lets the nth allocation from now by actors of this name throw std::bad_alloc; none if `nth` is 0. The program must
  /// be linked with crema::failing_new.
  void fail_allocation(std::uint64_t nth, const std::string& actors,
                       source_location where = source_location::current());
  /// Allocations by those actors since then.
  std::uint64_t allocations() const noexcept;

  /// Does something before step `step`, counted from the beginning; `what` says in traces what went wrong.
  void before_step(std::uint64_t step, std::string what, std::function<void()> action);

protected:
  explicit fault_verbs(detail::world& in) noexcept : in_{in} {}

private:
  detail::world& in_;
};

} // namespace crema::testing
