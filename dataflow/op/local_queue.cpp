#include "dataflow/op/local_queue.hpp"

#include <chrono>
#include <utility>

namespace crema::internal {

void local_queue::accept(int task, block_ptr records, credit_token credit) {
  std::lock_guard lock{mutex_};
  parts_[static_cast<std::size_t>(task)].blocks.push_back({std::move(records), std::move(credit)});
  ++waiting_;
  arrived_.notify_one();
}

bool local_queue::wanting() const {
  std::lock_guard lock{mutex_};
  return waiting_ == 0;
}

void local_queue::task_done(int task) {
  std::lock_guard lock{mutex_};
  parts_[static_cast<std::size_t>(task)].done = true;
  arrived_.notify_one();
}

void local_queue::job_done(const std::optional<error>&) {
  std::lock_guard lock{mutex_};
  ended_ = true;
  arrived_.notify_one();
}

block_ptr local_queue::pop(job_handle& run) {
  std::unique_lock lock{mutex_};
  for (bool resumed = true;;) {
    while (turn_ != parts_.size() && parts_[turn_].blocks.empty() && parts_[turn_].done)
      ++turn_;
    if (turn_ != parts_.size() && !parts_[turn_].blocks.empty()) {
      auto next = std::move(parts_[turn_].blocks.front());
      parts_[turn_].blocks.pop_front();
      --waiting_;
      lock.unlock();
      // The credit ends here, outside of the lock: it tells the producer to go on.
      return std::move(next.records);
    }
    if (turn_ == parts_.size() || ended_)
      break;
    if (resumed) { // until it works by itself: what came meanwhile is seen before this waits
      lock.unlock();
      resumed = run.resume();
      lock.lock();
      continue;
    }
    // A deadline is kept by whoever waits, so this looks at the job now and then.
    if (arrived_.wait_for(lock, std::chrono::milliseconds{100}) == std::cv_status::timeout) {
      lock.unlock();
      run.wait_for(std::chrono::nanoseconds{0});
      lock.lock();
    }
  }
  lock.unlock();
  run.wait();
  return {};
}

} // namespace crema::internal
