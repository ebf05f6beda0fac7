#pragma once

#include "dataflow/plan/stage.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace crema::internal {

/// How far one stage is.
struct stage_progress {
  int id = 0;
  std::string title;
  int tasks = 0;
  int done = 0;
  bool started = false;
  std::uint64_t rows = 0;
};

/// The state machine of a running job: events in, decisions out; no clock, no actor, no I/O.
///
///     job_progress state{plan};
///     for (int s : state.begin()) start(s);
///     …
///     auto next = state.task_done(stage, task, rows);
///     if (next.commit) commit(…);            // the first attempt of this task that is done: later ones are dropped
///     for (int s : next.startable) start(s); // stages that waited for this one
///     if (next.job_done) finish();
class job_progress {
public:
  explicit job_progress(const job_plan& plan);

  /// The stages that may start at once: all that wait for no other. A consumer starts with its producers.
  std::vector<int> begin();

  struct verdict {
    bool commit = false;
    bool stage_done = false;
    bool job_done = false;
    std::vector<int> startable;
  };
  verdict task_done(int stage, int task, std::uint64_t rows);

  /// Task `task` waits at its stage's barrier; true when it is the last one to.
  bool at_barrier(int stage, int task);

  bool committed(int stage, int task) const {
    return stages_[static_cast<std::size_t>(stage)].committed[static_cast<std::size_t>(task)];
  }
  bool done() const noexcept { return stages_left_ == 0; }
  std::vector<stage_progress> stages() const;

private:
  struct stage_state {
    stage_progress shown;
    std::vector<bool> committed;
    std::vector<bool> waiting;
    int at_barrier = 0;
    int blockers = 0;        ///< stages it waits for
    std::vector<int> blocks; ///< stages that wait for it
  };

  void stage_ended(stage_state& ended, verdict& out);

  std::vector<stage_state> stages_;
  int stages_left_ = 0;
};

} // namespace crema::internal
