#pragma once

#include "actors/actor_threads.hpp"
#include "dataflow/plan/scope.hpp"
#include "net/event_loop.hpp"
#include "net/jobs/worker_job.hpp"
#include "net/jobs/worker_setup.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace crema::net {

/// A worker of one driver: runs the shares of its jobs on threads of its own, and keeps its caches.
///
///     worker me{options, loop};
///     me.obey(std::move(to_driver));
///     me.meet(1, std::move(to_worker_1)); // at any time, in any order
///     me.wait(1s); // until the driver is gone
///
/// It tells the driver whom it has met; jobs are given to workers that know each other (worker_roster.hpp). All
/// functions are thread-safe. Its end stops what still runs.
class worker final : public worker_peers {
public:
  worker(worker_options options, event_loop& loop);

  /// Its actors live in a system that outlives it, as machines do that share a simulation: threads of its own it has
  /// none, and its end waits for nothing, so nothing of it may run then.
  worker(worker_options options, event_loop& loop, caf::actor_system& system);

  ~worker() override;

  /// A connection to another worker, whose other end that one has or will have. A second one to the same worker is
  /// closed.
  void meet(int number, std::unique_ptr<stream> to_worker);

  /// There is none to that worker, and there will be none: the driver hears why.
  void miss(int number, const std::string& why);

  /// From here on the driver's jobs run. A second driver is refused.
  void obey(std::unique_ptr<stream> to_driver);

  /// As if the driver were gone.
  void leave();

  /// Returns when the driver is gone and nothing of its jobs is left; or `patience` after it has gone, and then false.
  bool wait(std::chrono::milliseconds patience);

  /// Whether the driver is gone and nothing of its jobs is left.
  bool over() const;

  int number() const noexcept override { return options_.number; }
  actors::slot_counts slots() const noexcept override { return {options_.slots, options_.io_slots}; }
  const std::shared_ptr<link>& driver() const noexcept override { return driver_; }
  std::shared_ptr<link> peer(int number) override;
  const std::shared_ptr<internal::worker_resources>& resources() const noexcept override { return resources_; }
  const std::shared_ptr<internal::store_registry>& caches() const noexcept override { return caches_; }
  void job_over(std::uint64_t job) override;

private:
  worker(worker_options options, event_loop& loop, caf::actor_system* system);

  class from_driver_observer;
  class from_peer_observer;

  void deliver(int from, message bytes);
  void greeted_by(int number);
  template <class Message>
  void tell_driver(const Message& said);
  void lose_driver();
  void lose_peer(int number, const std::string& why);

  const worker_options options_;
  event_loop& loop_;
  std::shared_ptr<internal::worker_resources> resources_;
  std::shared_ptr<internal::store_registry> caches_ = std::make_shared<internal::store_registry>();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, std::shared_ptr<link>> peers_;
  std::set<int> met_;                 ///< of those: they have this one, too
  std::map<int, std::string> missed_; ///< why they cannot be reached
  std::unordered_map<std::uint64_t, worker_job_actor> jobs_;
  int open_links_ = 0;
  bool driver_gone_ = false;

  std::shared_ptr<link> driver_;
  caf::actor_system* system_;
  std::optional<actors::actor_threads> threads_; ///< first to go: its actors use all the others
};

} // namespace crema::net
