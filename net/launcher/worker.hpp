#pragma once

#include "net/descriptor.hpp"

namespace crema::net {

/// What a worker process does: talks over `parent`, a packet socket to the process that started it (packet_socket.hpp),
/// and returns the status with which it ends.
using worker_main = int (*)(descriptor parent);

/// In a process that was started as a worker (worker_process.hpp): runs `work` and ends the process. In any other it
/// returns at once. Call it first in main; what `work` throws is told on stderr, and the status is 70.
///
/// A process is a worker where the environment names a secret that stands in the socket on descriptor 3. Nobody sets
/// that by accident, and it is gone before the process starts anything itself.
void run_if_worker(worker_main work);

/// Whether this process was started as a worker and has not been run as one: its main did something else first.
bool is_idle_worker() noexcept;

/// Throws invalid_argument there: a program that does not run its workers would start more of them, for ever.
void refuse_idle_worker();

} // namespace crema::net
