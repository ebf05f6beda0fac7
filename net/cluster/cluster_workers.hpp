#pragma once

#include "net/jobs/worker_engine.hpp"
#include "net/link.hpp"
#include "net/profile.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace crema::net {

struct cluster_options {
  std::vector<address> controllers{};         ///< empty: what the profile's connection file says, each time anew
  std::size_t least = 1;                      ///< nodes to wait for
  std::chrono::milliseconds patience{30'000}; ///< for how long nothing may happen while they are waited for
  link_options links{};
  int output =
    2; ///< where what the workers write on standard error comes, as it comes: whole lines, and whose they are
};

/// Workers of this program's executable on the nodes of a cluster, one on each.
///
/// The executable is sent to nodes that lack it, and run there by them. Returns when all nodes that are there have a
/// worker or have said why not, at least so many as are asked for. Nodes that join later get a worker, too, and a
/// worker that ends is followed by another; what was lost says why, with the node's name. All of them end with this
/// object, and with this process, whatever happens to it; the object's end waits for the nodes' word for that, two
/// seconds at most.
///
/// Throws not_found without a driver's keys, untrusted where the controller refuses them, unreachable with what each
/// node has said.
std::unique_ptr<worker_set> start_cluster_workers(const profile& of, const cluster_options& options);

} // namespace crema::net
