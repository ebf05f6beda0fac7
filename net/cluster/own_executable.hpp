#pragma once

#include "net/executables/executable_store.hpp"
#include "net/send_queue.hpp"

namespace crema::net {

/// The executable that this process runs: what a driver sends to nodes.
struct own_executable {
  executable_id id;
  shared_bytes bytes; ///< mapped, so sending copies nothing
};

/// Hashed by the first call. Throws io_failure.
const own_executable& this_executable();

} // namespace crema::net
