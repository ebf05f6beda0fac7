#pragma once

#include "net/io_loop.hpp"
#include "net/jobs/worker.hpp"
#include "net/jobs/worker_setup.hpp"

#include <memory>

namespace crema::net {

/// The way into a worker: its control socket. Dials the workers that its setup names, and takes the connections that
/// the launcher passes; on the secured ones its peers prove themselves first (unproven_peers.hpp). When the launcher is
/// gone, or says what no launcher says, the worker leaves.
class worker_entrance {
public:
  /// `loop` and `into` must outlive it.
  worker_entrance(io_loop& loop, worker& into, descriptor control, worker_setup setup);

  /// Nobody comes in any more. Not on the loop's thread.
  ~worker_entrance();

private:
  class doorman;

  io_loop& loop_;
  std::shared_ptr<doorman> doorman_;
};

} // namespace crema::net
