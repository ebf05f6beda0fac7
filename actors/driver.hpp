#pragma once

#include "actors/interfaces.hpp"
#include "actors/stage_host.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace crema::actors {

class running_jobs;

/// Runs one job: starts its stages as its progress allows, takes its results, commits its tasks, and ends it. The first
/// failure wins; everything is then stopped, and the job ends when it is down. Where a host is lost, everything is
/// stopped, too, and what is not done is run again as another attempt.
///
///     looking for hosts ──▶ running ──last task committed──▶ ended ──another plan──▶ looking for hosts
///        ▲                     │ failure, cancel, loss        ▲
///        │                     ▼                              │
///        └──after a loss── stopping ──all stages are down─────┘
///
/// What tasks have done by the time that they are down counts also while it stops for a loss.
///
/// When the job ends, no task, no block and no closure of it is left in the engine: what the caller's functions refer
/// to may go away the moment that the caller wakes up.
class driver_state {
public:
  static inline const char* name = "crema.driver";

  explicit driver_state(driver_actor::pointer self) : self_{self} {}

  void configure(host_source* source, running_jobs* registry) noexcept {
    source_ = source;
    registry_ = registry;
  }

  void begin(run_job& start);
  void open(stage_opened& opened);
  void accept(result_block& result);
  void commit(task_done& done);
  void advance(const share_advanced& progress);
  void gather(stage_at_barrier& reached);
  void fail(error why);
  /// After a handler that could not go on, wherever it stopped.
  void give_up(error why);
  void lose(share_lost& lost);
  void cancel();
  void stage_down(const caf::down_msg& down);
  void look_for_hosts();
  void end_attempt(const actors::end_attempt& ended);

  bool ended() const noexcept { return ended_; }

private:
  struct stage_run {
    // By share.
    std::vector<share_actor> actors; ///< null where a host has nothing of the stage
    std::vector<std::vector<int>> tasks;
    std::vector<int> ended; ///< so many of the first tasks

    int unopened = 0; ///< shares whose partitions do not exist yet
    int told = 0;     ///< so many of the first tasks of the whole stage
    std::vector<block_receiver> opened;
    receivers partitions;     ///< once all shares are open
    std::vector<int> waiting; ///< stages that start then
    std::vector<std::shared_ptr<const void>> said;
  };

  /// Calls `f` on behalf of a task, of a whole stage (`task` is -1) or of the job (`stage` too); what it throws fails
  /// the job.
  void attempt(int stage, int task, const std::function<void()>& f);

  bool running() const noexcept { return job_ && !stopping_; }
  /// Whether what tasks do is still of use.
  bool counts() const noexcept { return job_ && !failure_; }
  const internal::stage& planned(int stage) const;
  stage_run& run_of(int stage) { return stages_[static_cast<std::size_t>(stage)]; }
  /// Whether the message under way is from that share, and not from one of an earlier plan.
  bool is_from(int stage, int share) const;
  void run_plan();
  void start_attempt();
  void start(const std::vector<int>& startable);
  void start(int stage);
  void spawn(int stage);
  void stop();
  void stop_stages();
  void end_when_down();
  void finish();

  driver_actor::pointer self_;
  std::shared_ptr<internal::job_run> job_;
  host_source* source_ = nullptr;
  running_jobs* registry_ = nullptr;
  std::vector<std::uint64_t> avoided_; ///< workers that were lost, or that others could not reach
  std::optional<std::chrono::steady_clock::time_point> looking_since_;

  // Of the attempt.
  int attempt_ = 0;
  stage_hosts hosts_;
  std::vector<stage_run> stages_;
  std::unordered_map<caf::actor_id, std::shared_ptr<std::vector<partition_actor>>>
    live_; ///< shares, with what they run
  std::set<int> lost_hosts_;
  bool stopping_ = false;
  bool ending_ = false; ///< an end_attempt is on its way

  std::optional<error> failure_;
  bool ended_ = false;
};

/// Both outlive it; `registry` has the driver.
driver_actor::behavior_type driver(driver_actor::stateful_pointer<driver_state> self, host_source* source,
                                   running_jobs* registry);

/// Spawns the driver of a job, lists it in `registry` and has it run the job. Where it dies before the job has ended,
/// as it does when there is no memory to begin with, the job fails.
driver_actor start_driver(caf::actor_system& system, host_source& source, running_jobs& registry,
                          const std::shared_ptr<internal::job_run>& job);

} // namespace crema::actors
