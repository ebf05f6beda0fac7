#pragma once

#include "net/jobs/worker_engine.hpp"
#include "net/jobs/worker_setup.hpp"

#include <memory>

namespace crema::net {

/// `count` worker processes of this program's own executable, joined with this one and with each other by sockets that
/// nobody else can reach. `each` is what every one of them may use; numbers are given here.
///
/// A worker that ends costs the jobs that it takes part in, which fail as unreachable and say how it ended. A new one
/// of another number takes its place, after a pause that grows while workers live for a few seconds only. Where one
/// after the other ends before it is ready, no more are started. Workers end with this object, and with this process,
/// whatever happens to it. Throws what worker_process::start throws.
std::unique_ptr<worker_set> start_workers(int count, worker_options each);

} // namespace crema::net
