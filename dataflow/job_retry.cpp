#include "dataflow/job_run.hpp"
#include "dataflow/plan/context_state.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

// What a job does about lost workers.

namespace crema::internal {

void job_run::lose(std::string how, const std::vector<std::vector<int>>& tasks) {
  std::lock_guard lock{mutex_};
  attempts::task_names with;
  for (std::size_t s = 0; s != tasks.size(); ++s)
    for (const int task : tasks[s])
      if (const int stage = static_cast<int>(s); !progress_.committed(stage, task)) {
        auto key = key_of(stage, task);
        auto name = std::to_string(id()) + '.' + std::to_string(stage) + '@' + std::to_string(key.partition);
        with.emplace(key, std::move(name));
      }
  attempts_.lose(std::move(how), std::move(with));
}

std::optional<error> job_run::retry() {
  {
    std::lock_guard lock{mutex_};
    if (auto failure = attempts_.next())
      return failure;
    for (const auto& s : plan_.stages)
      for (int task = 0; task != static_cast<int>(s.partitions.size()); ++task)
        if (progress_.committed(s.id, task))
          attempts_.keep(key_of(s.id, task));
    const auto& last = plan_.stages.back();
    if (!is_settled(*last.top))
      places_.drop_all();
    else
      for (int task = 0; task != static_cast<int>(last.partitions.size()); ++task)
        if (progress_.committed(last.id, task))
          places_.keep(task);
  }
  for (const int place : places_.missing())
    if (!results_->discard(place))
      return error{
        errc::unreachable,
        "the result was being read when it had to be computed again, and what was read cannot be taken back: "
          + attempts_.losses()};
  return {};
}

std::string job_run::losses() const {
  std::lock_guard lock{mutex_};
  return attempts_.losses();
}

void job_run::prepare(const std::vector<std::uint64_t>& workers) {
  const bool lost = lose_stores(workers);
  if (lost || attempt_ != attempts_.current())
    plan_again();
}

bool job_run::lose_stores(const std::vector<std::uint64_t>& workers) {
  const bool again = attempt_ != attempts_.current();
  bool lost = false;
  for (const auto& [id, store] : plan_.scope->stores()) {
    // What only this job shares went with its attempt.
    const bool gone = store.partitions->lose_all_but(again && !store.cached ? std::vector<std::uint64_t>{} : workers);
    lost = lost || gone;
    if ((!gone && !again) || is_settled(*store.of) || store.partitions->complete(store.of->partitions()))
      continue;
    const auto old = store.partitions->id();
    plan_.scope->renew(*store.of);
    context_->forget(old);
  }
  return lost;
}

void job_run::plan_again() {
  auto next = plan_.again(places_.compute_missing());
  if (!completes(next))
    next = plan_.again(places_.compute_all());
  std::lock_guard lock{mutex_};
  plan_ = std::move(next);
  attempt_ = attempts_.current();
  progress_ = job_progress{plan_};
  metrics_.go_on_with(plan_);
  metrics_.all().attempts = attempt_ + 1;
}

bool job_run::completes(const job_plan& next) const {
  std::set<task_key> planned;
  for (const auto& s : next.stages)
    for (const int partition : s.partitions)
      planned.insert({internal::key_of(s), partition});
  for (const auto& s : plan_.stages)
    for (int task = 0; task != static_cast<int>(s.partitions.size()); ++task)
      if (const auto key = key_of(s.id, task);
          !progress_.committed(s.id, task) && !attempts_.kept(key) && !planned.contains(key))
        return false;
  return true;
}

} // namespace crema::internal
