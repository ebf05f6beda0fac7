#pragma once

#include "net/executables/executable_store.hpp"
#include "net/hosting/call_table.hpp"
#include "net/io_loop.hpp"
#include "net/profile.hpp"
#include "net/work_directory.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace crema::net {

/// What each worker of a node may use.
struct worker_share {
  int slots = 1;
  int io_slots = 256;
  std::uint64_t memory = 0;
};

/// What a node has for all the drivers that it works for.
struct host {
  std::string name; ///< the node's
  credentials keys; ///< which workers have, too
  worker_share each;
  io_loop& loop;
  work_directory directory;
  executable_store executables;
  call_table calls{};

  /// Counts what drivers have here, so that the node's end can wait until nothing is left.
  std::mutex mutex{};
  std::condition_variable changed{};
  int workplaces = 0;
  std::function<void()> when_idle{};  ///< called while the mutex is held, when there is none any more
  std::atomic<bool> draining = false; ///< no driver gets a workplace, or a worker, from here on

  io_loop slow{}; ///< a thread for what waits for the disk and for processes to start; the first to go
};

} // namespace crema::net
