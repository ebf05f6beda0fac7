#pragma once

#include "actors/interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <unordered_map>
#include <vector>

namespace crema::actors {

/// How many tasks of a stage may produce at once.
struct slot_counts {
  int cpu = 1;
  int io = 256; ///< where its functions wait more than they compute

  int of(const internal::stage& stage) const noexcept { return stage.io_bound ? io : cpu; }
};

/// What a stage actor runs. The job outlives the stage's tasks, but not the actor: once all tasks are done, the actor
/// must not look at it.
struct stage_assignment {
  const internal::plan_run* job = nullptr;
  const internal::stage* stage = nullptr;
  int share = 0;
  std::vector<int> tasks; ///< of this share, ascending
  int slots = 1;
  supervisor_actor supervisor;
  receivers consumers; ///< of an exchange: the partitions of the whole consumer

  /// Those that live: where the stage actor dies before them, its supervisor stops them.
  std::shared_ptr<std::vector<partition_actor>> partitions = std::make_shared<std::vector<partition_actor>>();
};

/// Runs a share of the tasks of one stage: spawns and watches their partition actors, and gives them the slots to
/// produce, in partition order, so that the first unfinished partition always has one.
///
/// A stage that reads an exchange spawns all its partitions at once, because blocks come for all of them; any other
/// when a slot is free. An io_bound stage gives each of them a thread of its own. A task keeps its slot until all that
/// it sent is taken, but not while it waits at a barrier.
class stage_state {
public:
  static inline const char* name = "crema.stage";

  explicit stage_state(stage_actor::pointer self) : self_{self} {}

  void begin(stage_assignment work);
  void note(producers_done progress);
  void wait_at_barrier(barrier_reached& reached);
  void resolve(barrier_agreed& agreed);
  void partition_down(const caf::down_msg& down);
  /// Stops all partitions; the actor ends when they are down.
  void stop();

  bool ended() const noexcept { return ended_ == tasks_ || (stopping_ && live_.empty()); }

private:
  enum class phase : char { waiting, producing, at_barrier, ended };

  // A place is a task's index in the share.
  phase& phase_of(int place) { return phases_[static_cast<std::size_t>(place)]; }
  int task_at(int place) const { return work_.tasks[static_cast<std::size_t>(place)]; }
  int place_of(int task) const;
  void spawn(int place, bool may_produce);
  void admit();
  void tell_supervisor();
  std::vector<partition_actor>& partitions() noexcept { return *work_.partitions; }

  stage_actor::pointer self_;
  stage_assignment work_;
  int id_ = 0;      ///< of the stage
  int tasks_ = 0;   ///< of the share
  int free_ = 0;    ///< slots
  int next_ = 0;    ///< the first task that never had a slot
  int resumed_ = 0; ///< the first task that was not told what all agreed on
  int ended_ = 0;
  int ended_prefix_ = 0; ///< so many of the first tasks have ended
  int told_prefix_ = 0;
  bool consumes_ = false;
  bool feeds_ = false; ///< an exchange
  bool agreed_ = false;
  bool stopping_ = false;
  std::shared_ptr<const void> agreement_;
  std::vector<phase> phases_;
  std::unordered_map<caf::actor_id, int> live_;
};

stage_actor::behavior_type stage(stage_actor::stateful_pointer<stage_state> self, stage_assignment work);

} // namespace crema::actors
