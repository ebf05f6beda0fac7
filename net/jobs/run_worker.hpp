#pragma once

#include "net/descriptor.hpp"

namespace crema::net {

/// What a worker process does, for run_if_worker: it is set up over its control socket (worker_setup.hpp) and runs
/// shares of the driver's jobs until the driver, or who started it, is gone. User functions that run then have a
/// second; after that the process exits here.
int run_worker(descriptor control);

} // namespace crema::net
