#include "dataflow/plan/progress.hpp"

namespace crema::internal {

job_progress::job_progress(const job_plan& plan) : stages_(plan.stages.size()) {
  for (const auto& planned : plan.stages) {
    auto& state = stages_[static_cast<std::size_t>(planned.id)];
    state.shown = {planned.id, planned.title, static_cast<int>(planned.partitions.size()), 0, false, 0};
    state.committed.resize(planned.partitions.size());
    state.waiting.resize(planned.partitions.size());
    state.blockers = static_cast<int>(planned.after.size());
    for (int before : planned.after)
      stages_[static_cast<std::size_t>(before)].blocks.push_back(planned.id);
    if (!planned.partitions.empty())
      ++stages_left_;
  }
}

std::vector<int> job_progress::begin() {
  // A stage without tasks is over before it starts, and so may free others.
  verdict freed;
  for (auto& state : stages_)
    if (state.shown.tasks == 0 && !state.shown.started)
      stage_ended(state, freed);
  std::vector<int> startable;
  for (auto& state : stages_)
    if (state.blockers == 0 && !state.shown.started) {
      state.shown.started = true;
      startable.push_back(state.shown.id);
    }
  return startable;
}

void job_progress::stage_ended(stage_state& ended, verdict& out) {
  ended.shown.started = true;
  for (int id : ended.blocks) {
    auto& state = stages_[static_cast<std::size_t>(id)];
    if (--state.blockers != 0 || state.shown.started)
      continue;
    if (state.shown.tasks == 0) {
      stage_ended(state, out);
    } else if (out.stage_done) {
      state.shown.started = true;
      out.startable.push_back(id);
    }
  }
}

job_progress::verdict job_progress::task_done(int stage, int task, std::uint64_t rows) {
  auto& state = stages_[static_cast<std::size_t>(stage)];
  verdict out;
  const auto index = static_cast<std::size_t>(task);
  if (state.committed[index])
    return out;
  state.committed[index] = true;
  out.commit = true;
  state.shown.rows += rows;
  if (++state.shown.done == state.shown.tasks) {
    out.stage_done = true;
    --stages_left_;
    stage_ended(state, out);
  }
  out.job_done = stages_left_ == 0;
  return out;
}

bool job_progress::at_barrier(int stage, int task) {
  auto& state = stages_[static_cast<std::size_t>(stage)];
  const auto index = static_cast<std::size_t>(task);
  if (!state.waiting[index]) {
    state.waiting[index] = true;
    ++state.at_barrier;
  }
  return state.at_barrier == state.shown.tasks;
}

std::vector<stage_progress> job_progress::stages() const {
  std::vector<stage_progress> shown;
  shown.reserve(stages_.size());
  for (const auto& state : stages_)
    shown.push_back(state.shown);
  return shown;
}

} // namespace crema::internal
