#pragma once

#include "dataflow/context.hpp"
#include "dataflow/job.hpp"
#include "net/jobs/worker.hpp"
#include "net/jobs/worker_roster.hpp"
#include "tests/net/simulation/sim_network.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace crema::testing {

struct sim_cluster_options {
  int workers = 3;
  int slots = 1; ///< of each
  std::size_t memory_limit = std::size_t{64} << 20;
};

/// A driver and its workers, each a process on a machine of its own, in one simulation: crema's own links, workers and
/// drivers on simulated loops and streams. Only what starts processes is a stand-in: a process that ends is followed by
/// another one of a new number.
///
///     explore({.runs = 1000}, [](simulation& sim) {
///       sim_cluster cluster{sim};
///       {
///         context ctx{simulated_config(), cluster.engine()};
///         auto counts = count_words(ctx).collect_async();
///         sim.before_step(100, "a machine is lost", [&] { cluster.kill(2, 3s); });
///         EXPECT_EQ(cluster.finish(counts), expected);
///       }
///       EXPECT_EQ(cluster.wind_up(), "");
///     });
///
/// The driver is on machine 0, workers on 1 to n. Faults may be called between two steps, and end by themselves.
class sim_cluster {
public:
  using nanoseconds = std::chrono::nanoseconds;

  explicit sim_cluster(simulation& sim, sim_cluster_options options = {});
  sim_cluster(const sim_cluster&) = delete;
  sim_cluster& operator=(const sim_cluster&) = delete;
  ~sim_cluster();

  /// For a context; once. The cluster outlives it.
  std::unique_ptr<internal::engine> engine();

  // -- running --------------------------------------------------------------------------------------------------------

  /// The next message of anybody; time moves where nobody has one. False if nothing will ever happen.
  bool step();
  /// False if it is not done so long after the last fault has ended.
  bool run_until(const std::function<bool()>& done, nanoseconds bound);
  void run_for(nanoseconds time);

  /// Runs until the job has ended, and gives its result or throws its failure. Fails the test, with who waits for whom,
  /// where it has not ended so long after the last fault has.
  template <class R>
  R finish(job<R>& running, nanoseconds bound = std::chrono::seconds{20},
           source_location where = source_location::current()) {
    require_end([&] { return running.ready(); }, bound, where);
    return running.get();
  }

  /// Behind the context's end: waits until no process has anything of its driver any more; what is left then, in words.
  std::string wind_up();

  std::string who_waits() const;

  // -- faults ---------------------------------------------------------------------------------------------------------

  std::uint32_t workers() const noexcept { return static_cast<std::uint32_t>(options_.workers); }

  /// The process is killed, and its peers see that at once. Another one comes after `back`.
  void kill(std::uint32_t machine, nanoseconds back);
  /// The same without a word: its peers see that when the machine is back.
  void cut_power(std::uint32_t machine, nanoseconds back);
  void pause(std::uint32_t machine, nanoseconds time);
  /// Nothing comes from one to the other.
  void part(std::uint32_t from, std::uint32_t to, nanoseconds time);
  /// Connections between the two break.
  void cut(std::uint32_t one, std::uint32_t other) { network_.cut(one, other); }
  /// What is sent between all of them takes so long.
  void slow_down(travel_time takes);
  void jump(std::uint32_t machine, nanoseconds time) { loop_of(machine).jump(time); }
  void drift(std::uint32_t machine, int ppm) { loop_of(machine).drift(ppm); }
  /// Messages about jobs and attempts that are over come once more, from a worker to whoever it said them to.
  std::size_t replay_old(std::uint32_t from, std::uint32_t to);

  /// The fault lasts until then, or does so only then.
  void later(nanoseconds time, std::function<void()> work);

  sim_network& network() noexcept { return network_; }
  net::worker_roster& roster() noexcept { return *roster_; }

  /// How often the driver has lost a worker, and why.
  const std::vector<std::string>& losses() const noexcept { return losses_; }
  std::uint64_t replayed() const noexcept { return replayed_; }

private:
  class connection;
  class worker_set;
  class simulated_engine;

  struct worker_machine {
    std::uint32_t id = 0;
    int number = -1; ///< of its worker
    std::shared_ptr<sim_loop> loop{};
    std::unique_ptr<net::worker> process{};
    std::uint64_t started = 0; ///< how often
  };

  void launch(worker_machine& on);
  void launch_later(worker_machine& on, nanoseconds pause);
  void end(worker_machine& at);
  void end_those_that_are_over();
  void crash(worker_machine& at, bool system_lives, nanoseconds back);
  void stop();
  sim_loop& loop_of(std::uint32_t machine);
  void require_end(const std::function<bool()>& done, nanoseconds bound, source_location where);

  simulation& sim_;
  const sim_cluster_options options_;
  sim_loop weather_;
  sim_network network_;
  sim_loop driver_;
  std::vector<std::shared_ptr<sim_loop>> old_loops_; ///< to which something may still refer
  std::shared_ptr<net::worker_roster> roster_;
  std::map<int, std::shared_ptr<connection>> connections_; ///< of workers that are not lost
  std::vector<worker_machine> machines_;
  int next_number_ = 0;
  bool stopped_ = false; ///< no more are started
  nanoseconds heals_{0}; ///< when the last fault ends
  std::vector<std::string> losses_;
  std::vector<std::string> complaints_;
  std::uint64_t replayed_ = 0;
};

} // namespace crema::testing
