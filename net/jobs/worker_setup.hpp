#pragma once

#include "net/descriptor.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

// What the process that starts workers says to each over their socket, before that becomes a link: who the worker is,
// what it may use, and its ends of the connections to the others, which are passed as descriptors. So nothing listens
// anywhere.

namespace crema::net {

struct worker_options {
  int number = 0; ///< among the driver's workers
  int slots = 1;
  std::size_t memory_limit = 0;
  std::string spill_directory; ///< empty is $TMPDIR, else /var/tmp
};

/// Connections to other workers, by their number.
using peer_sockets = std::vector<std::pair<int, descriptor>>;

/// Tells the worker at the other end of `to` who it is and how many peers follow. Throws unreachable.
void send_setup(const descriptor& to, const worker_options& options, int peers);

/// One of those.
void send_peer(const descriptor& to, int number, const descriptor& connection);

/// The other end of both. Waits for a minute at most; throws unreachable, or corrupt_data for anything else.
std::pair<worker_options, peer_sockets> receive_setup(const descriptor& from);

} // namespace crema::net
