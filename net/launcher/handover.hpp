#pragma once

#include <cstdint>
#include <sys/types.h>

namespace crema::net {

// What a worker process finds when it starts, and what its guardian tells its parent.

/// The variable that makes a process a worker: "PID SECRET", the parent's process id and 32 hex digits, which also
/// stand in the lifeline.
inline constexpr const char* worker_variable = "CREMA_INTERNAL_WORKER_START";
inline constexpr std::size_t worker_secret_length = 32;

inline constexpr int lifeline_descriptor = 3; ///< a socket: its end is the end of all that the worker started
inline constexpr int parent_descriptor = 4;   ///< a socket: the worker's own

struct guardian_report {
  enum class event : std::uint32_t { started, ended };
  event what;
  std::int32_t value; ///< the worker's process id, or what waitpid says of its end
};
static_assert(sizeof(guardian_report) == 8);

} // namespace crema::net
