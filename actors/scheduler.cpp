#include "actors/scheduler.hpp"

namespace crema::actors {

using namespace std::chrono_literals;

turn_policy::~turn_policy() = default;

void turn_policy::push(coordinator_data& shared, std::deque<caf::resumable*>& queue, caf::resumable* job) {
  std::lock_guard lock{shared.mutex};
  queue.push_back(job);
  shared.signal.notify_one();
}

caf::resumable* turn_policy::pop(coordinator_data& shared, worker_data& mine) {
  std::unique_lock lock{shared.mutex};
  shared.signal.wait(lock, [&] { return !shared.woken.empty() || !shared.unfinished.empty(); });
  bool unfinished = shared.woken.empty();
  if (!unfinished && !shared.unfinished.empty()) {
    const auto now = clock::now();
    if (mine.had_unfinished)
      mine.woken_since = now;
    unfinished = now - mine.woken_since >= 1ms;
  }
  mine.had_unfinished = unfinished;
  auto& queue = unfinished ? shared.unfinished : shared.woken;
  auto* job = queue.front();
  queue.pop_front();
  return job;
}

} // namespace crema::actors
