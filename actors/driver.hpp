#pragma once

#include "actors/interfaces.hpp"
#include "actors/stage_host.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

namespace crema::actors {

class running_jobs;

/// Runs one job: starts its stages as its progress allows, takes its results, commits its tasks, and ends it. The first
/// failure wins; everything is then stopped, and the job ends when it is down.
///
///     running ──last task committed──▶ ended ──another plan──▶ running
///        │ failure, cancel
///        ▼
///     stopping ──all stages down──▶ ended
///
/// When the job ends, no task, no block and no closure of it is left in the engine: what the caller's functions refer
/// to may go away the moment that the caller wakes up.
class driver_state {
public:
  static inline const char* name = "crema.driver";

  explicit driver_state(driver_actor::pointer self) : self_{self} {}

  void configure(stage_hosts hosts, running_jobs* registry) noexcept {
    hosts_ = std::move(hosts);
    registry_ = registry;
  }

  void begin(run_job& start);
  void open(stage_opened& opened);
  void accept(result_block& result);
  void commit(task_done& done);
  void advance(const share_advanced& progress);
  void gather(stage_at_barrier& reached);
  void fail(error why);
  void cancel();
  void stage_down(const caf::down_msg& down);
  void end();

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
  template <class F>
  void attempt(int stage, int task, F&& f);

  bool running() const noexcept { return job_ && !failure_; }
  const internal::stage& planned(int stage) const;
  stage_run& run_of(int stage) { return stages_[static_cast<std::size_t>(stage)]; }
  /// Whether the message under way is from that share, and not from one of an earlier plan.
  bool is_from(int stage, int share) const;
  void run_plan();
  void start(const std::vector<int>& startable);
  void start(int stage);
  void spawn(int stage);
  void stop_stages();

  driver_actor::pointer self_;
  std::shared_ptr<internal::job_run> job_;
  stage_hosts hosts_;
  running_jobs* registry_ = nullptr;
  std::vector<stage_run> stages_;
  std::unordered_set<caf::actor_id> live_;
  std::optional<error> failure_;
  bool ended_ = false;
};

/// `registry` has the driver and outlives it.
driver_actor::behavior_type driver(driver_actor::stateful_pointer<driver_state> self, stage_hosts hosts,
                                   running_jobs* registry);

} // namespace crema::actors
