#pragma once

#include "net/executables/executable_store.hpp"
#include "net/send_queue.hpp"

#include <string>

namespace crema::net {

/// What a driver sends to nodes: its executable, or a file that it has added.
struct cargo {
  executable_id id;
  shared_bytes bytes; ///< mapped, so sending copies nothing
  std::string name{}; ///< of a file
};

/// The file at `path`, hashed. Throws io_failure.
cargo read_cargo(const std::string& path, const std::string& name = {});

/// The executable that this process runs, hashed by the first call. Throws io_failure.
const cargo& this_executable();

} // namespace crema::net
