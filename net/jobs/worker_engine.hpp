#pragma once

#include "dataflow/engine.hpp"
#include "net/jobs/worker_connection.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace crema::net {

/// The workers of a driver, wherever they run. Its end ends them.
class worker_set {
public:
  virtual ~worker_set() = default;

  /// Those that are ready now: each is connected with all the others, so that a job can use them. Thread-safe.
  virtual std::vector<std::shared_ptr<worker_connection>> workers() = 0;

  /// Waits until all are ready that the set shall have, but not longer than `patience`, and not for those that will not
  /// come. Whether one is. Throws unreachable, with the reason, where none is and none will come. Thread-safe.
  virtual bool await(std::chrono::milliseconds patience) = 0;

  /// Brings a file to the workers that there are, and to those that will be, by this name; what they are to be told of
  /// where it is (job_message.hpp). Workers of this machine have it. Thread-safe.
  virtual std::string add_file(const std::string& /*name*/, const std::string& path) { return path; }

  /// Tasks that all of them run at once.
  virtual int slots() const noexcept = 0;
};

/// Runs jobs on workers: the driver of each is here, its stages and partitions are there. A job that cannot travel ends
/// as not_portable before anything of it has started. One that loses workers goes on with those that are there then.
std::unique_ptr<internal::engine> make_worker_engine(std::unique_ptr<worker_set> workers);

/// The same with its drivers in a system that outlives it, and no threads.
std::unique_ptr<internal::engine> make_worker_engine(std::unique_ptr<worker_set> workers, caf::actor_system& system);

} // namespace crema::net
