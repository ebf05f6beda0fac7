#pragma once

#include <caf/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace crema::testing {

/// Something that happened in a simulation.
struct trace_event {
  enum class kind : char {
    spawned,  ///< `to`, by `from` if an actor spawned it
    started,  ///< `to` ran its first instructions, up to its first behaviour
    received, ///< `to` handled a message of `from`
    skipped,  ///< the same, but `to` put it aside
    ended,    ///< `to`, for the reason `what`
    fault,    ///< the test made something go wrong, `to` says where if it was an actor
    note,     ///< the test said so
  };

  kind of = kind::note;
  caf::actor_id from = 0;
  caf::actor_id to = 0;
  std::string what{};      ///< the message, the reason, the fault
  std::uint64_t key = 0;   ///< stands for `what` in the hash: no value of a message, since it may be an address
  std::size_t waiting = 0; ///< messages that `to` has beside this one
  std::uint64_t step = 0;  ///< set by the trace's owner, as the next
  std::chrono::nanoseconds at{0};
};

/// The last events of a simulation, and a hash of all. Two runs with the same hash took the same course.
class trace {
public:
  explicit trace(std::size_t length = 1000) : length_{length} {}

  void add(trace_event event);

  /// How an actor is called from here on: "alice#7". Others are called "actor#7".
  void name(caf::actor_id actor, std::string name);
  std::string name_of(caf::actor_id actor) const;

  std::uint64_t hash() const noexcept { return hash_; }
  std::uint64_t size() const noexcept { return size_; } ///< of all events
  const std::deque<trace_event>& events() const noexcept { return events_; }

  /// A line for each of the last events.
  std::string to_text(std::size_t most = 50) const;

  /// The last events as a sequence diagram (mermaid.js.org).
  std::string to_mermaid(std::size_t most = 200) const;

  /// The last events as an array of objects.
  std::string to_json() const;

private:
  std::string line(const trace_event& event) const;
  std::size_t first_of_last(std::size_t most) const noexcept;

  std::size_t length_;
  std::deque<trace_event> events_;
  std::vector<std::string> names_; ///< by actor
  std::uint64_t hash_ = 0xCBF2'9CE4'8422'2325;
  std::uint64_t size_ = 0;
};

} // namespace crema::testing
