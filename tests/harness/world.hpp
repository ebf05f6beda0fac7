#pragma once

#include "tests/harness/choices.hpp"
#include "tests/harness/coordinator.hpp"
#include "tests/harness/fault_points.hpp"
#include "tests/harness/mailbox.hpp"
#include "tests/harness/simulation.hpp"
#include "tests/harness/trace.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace crema::testing::detail {

/// An actor that a simulation has seen.
struct known_actor {
  caf::actor_addr address;
  caf::actor_id parent = 0;
  std::uint32_t machine = 0;
  bool alive = true;
  caf::error reason{};       ///< of its end
  std::uint64_t handled = 0; ///< messages
  std::string last{};        ///< of them, and when
  std::uint64_t throws_at = 0;
  std::exception_ptr throws{};
  std::shared_ptr<probe_state> probe{};
};

/// The insides of a simulation: one actor system, and what happens in it step by step.
class world {
public:
  explicit world(simulation_settings settings);
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world();

  // -- running ------------------------------------------------------------------------------------------------------

  /// Runs what the schedule picks; false if nobody has anything to do.
  bool step();
  /// Lets this actor, which has mail, handle what is next.
  void step(caf::scheduled_actor& actor);
  /// Lets it start, if it has not.
  void begin(caf::scheduled_actor& actor);
  /// Whether nobody has anything to do who may.
  bool idle() const;
  /// Whether this is called from within an actor.
  bool running() const noexcept { return running_ != 0; }
  void demand_outside() const;

  std::chrono::nanoseconds now() const;
  void advance(std::chrono::nanoseconds time);

  // -- actors -------------------------------------------------------------------------------------------------------

  known_actor& known(caf::actor_id actor);
  bool is_alive(caf::actor_id actor) const;
  void kill(caf::scheduled_actor& actor, caf::error reason);
  std::uint32_t machine_of(caf::actor_id actor) const;
  void kill_machine(std::uint32_t machine);
  /// Takes the actor out of the queue of those that are ready if it has no mail any more.
  void settle(caf::scheduled_actor& actor);
  /// Takes the actor out of those that are ready; false if it was not.
  bool leave_queue(caf::scheduled_actor& actor);
  std::vector<caf::strong_actor_ptr> living() const;
  std::vector<timer_view> timers() const;
  std::optional<std::chrono::nanoseconds> next_timer() const;
  std::string who_waits() const;

  // -- mail ---------------------------------------------------------------------------------------------------------

  std::string describe(const caf::mailbox_element& mail) const;
  /// All that waits in mailboxes, a line each.
  std::string describe_mail() const;
  void note(trace_event event);
  void fault(std::string what, caf::actor_id where = 0);
  fault_points& fault_points_here();

  simulation_settings settings;
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  coordinator* turns = nullptr;
  std::map<caf::actor_id, known_actor> actors;
  std::set<std::uint32_t> paused; ///< machines
  trace log;
  std::uint64_t steps = 0;
  std::vector<std::uint64_t> picks;  ///< where there was a choice
  std::vector<std::uint64_t> widths; ///< of each
  std::vector<std::pair<caf::strong_actor_ptr, caf::mailbox_element_ptr>> held;
  std::map<caf::actor_id, link_faults> lossy;
  std::multimap<std::uint64_t, std::pair<std::string, std::function<void()>>> interventions; ///< by step
  std::vector<std::function<std::string(caf::abstract_actor&)>> explanations;
  std::optional<fault_points> points; ///< once a test asks for them
  std::string short_of_memory{};      ///< the name of the actors whose allocations count
  bool may_leak = false;
  std::function<void(world&)> at_end{}; ///< takes what is of use; otherwise the trace of a failed test is printed

private:
  struct open_request {
    caf::actor_id to;
    std::string what;
    std::uint64_t step;
  };

  void meet(caf::resumable* job);
  std::size_t pick();
  bool may_run(caf::resumable* job) const;
  void run(caf::resumable* job);
  void resume(caf::scheduled_actor& actor, std::size_t messages);
  void handle_next(caf::scheduled_actor& actor, const caf::mailbox_element& mail);
  void collect(probe_state& probe, caf::scheduled_actor& actor, const caf::mailbox_element& mail);
  bool intervene();
  bool lose(caf::scheduled_actor& actor, const caf::mailbox_element& mail);
  void track_request(caf::actor_id to, const caf::mailbox_element& mail);
  void end_all();

  caf::actor_clock::time_point start_;
  caf::actor_id running_ = 0;
  std::map<std::pair<caf::actor_id, std::uint64_t>, open_request> unanswered_; ///< by sender and number
  std::vector<caf::actor_id> ready_;
  std::vector<std::size_t> places_; ///< of those in the queue
};

} // namespace crema::testing::detail
