#pragma once

#include "tests/harness/actor_verbs.hpp"
#include "tests/harness/fault_verbs.hpp"
#include "tests/harness/message_verbs.hpp"
#include "tests/harness/simulation_settings.hpp"
#include "tests/harness/trace.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace crema::testing {

class simulation;

namespace detail {

/// Owns the insides, so that they are there before the verbs.
class world_owner {
public:
  explicit world_owner(simulation_settings settings);
  ~world_owner();

  friend world& inside(simulation& sim) noexcept;

protected:
  std::unique_ptr<world> world_;
};

world& inside(simulation& sim) noexcept;

} // namespace detail

/// A timer that some actor has set.
struct timer_view {
  std::chrono::nanoseconds due; ///< since the start
  std::string actor;
};

/// An actor system without threads and without time, in which nothing happens between two lines of a test: actors run
/// when they are told to, one message at a time.
///
///     simulation sim;
///     auto account = sim.spawn(account_actor, 100);
///     auto teller = sim.probe("teller");
///     sim.inject<withdraw>().from(teller).to(account).with(withdraw{150});
///     sim.expect<refused>().from(account).to(teller);
///     EXPECT_TRUE(sim.idle());
///
/// With the fixture actor_test the verbs need no `sim.`; explore() runs a test in many orders. Whatever a test does is
/// repeated exactly by doing the same again. A verb that finds what it should not ends the test there, with what did
/// arrive. The end of a simulation fails the test where all is quiet and yet actors live to which only they themselves
/// refer. One thread; not from within actors. Takes actors that CAF's scheduler runs: neither detached nor blocking.
class simulation : private detail::world_owner, public actor_verbs, public message_verbs, public fault_verbs {
public:
  explicit simulation(simulation_settings settings = {});
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  // -- running --------------------------------------------------------------------------------------------------------

  /// One message of one actor, or its start; false if all is quiet.
  bool run_one();
  /// Until all is quiet: no actor has a message. Timers stay. Returns the number of steps.
  std::uint64_t run(source_location where = source_location::current());
  std::uint64_t run_steps(std::uint64_t most);
  /// Until `done()`; false if all is quiet before.
  bool run_until(const std::function<bool()>& done);
  /// Until all is quiet, and goes on with the timers due within `time`.
  std::uint64_t run_for(std::chrono::nanoseconds time);

  bool idle() const;
  std::uint64_t steps() const noexcept;

  // -- time -----------------------------------------------------------------------------------------------------------

  /// Since the start; stands still unless it is moved.
  std::chrono::nanoseconds now() const;
  /// Moves the time; timers that become due put their messages into mailboxes.
  void advance(std::chrono::nanoseconds time);
  /// Moves the time to the next timer; false if there is none.
  bool fire_next_timer();
  std::vector<timer_view> pending_timers() const;
  /// When the next one is due, since the start.
  std::optional<std::chrono::nanoseconds> next_timer() const;
  /// From here on, each look at the clock takes so long: actors that measure themselves make slow progress.
  void set_time_per_look(std::chrono::nanoseconds time);

  // -- chance, and what happened --------------------------------------------------------------------------------------

  choices& draws() noexcept;
  const crema::testing::trace& trace() const noexcept;
  void note(std::string text);
  /// Actors may live on when the simulation ends.
  void may_leak();

private:
  friend detail::world& detail::inside(simulation& sim) noexcept;
};

} // namespace crema::testing
