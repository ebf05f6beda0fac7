#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <optional>

namespace crema::actors {

/// An actor system with crema's scheduler and `threads` threads for it. Its end waits for all actors.
class actor_threads {
public:
  explicit actor_threads(int threads);

  caf::actor_system& system() noexcept { return *system_; }

private:
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
};

/// To be had by a thread from outside while it makes a system or spawns actors. CAF leaves a reference to the system's
/// logger in each such thread, and the end of the system waits for it to go, for ever if that thread lives on.
class caller_of_actors {
public:
  caller_of_actors() noexcept;
  caller_of_actors(const caller_of_actors&) = delete;
  caller_of_actors& operator=(const caller_of_actors&) = delete;
  ~caller_of_actors();

private:
  bool inside_; ///< a thread of a system, which needs it
};

} // namespace crema::actors
