#pragma once

#include "dataflow/engine.hpp"

#include <memory>

namespace crema::actors {

/// The engine that runs jobs as actors on `threads` threads of this process.
///
/// Its threads start with the first job. Its end cancels what still runs, waits for it, and leaves no thread and no
/// actor behind; result blocks may outlive it. `threads` is at least 1.
std::unique_ptr<internal::engine> make_actor_engine(int threads, int io_slots = 256);

} // namespace crema::actors
