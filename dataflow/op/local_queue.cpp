#include "dataflow/op/local_queue.hpp"

#include "dataflow/error.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

class waiting_blocks final : public local_queue {
public:
  explicit waiting_blocks(std::size_t tasks) : parts_(tasks) {}

  void accept(int task, block_ptr records, credit_token credit) override;
  bool wanting() const override;
  void task_done(int task) override;
  bool discard(int task) override;
  void job_done(const std::optional<error>& failure) override;
  block_ptr pop(job_handle& run) override;

private:
  struct waiting {
    block_ptr records;
    credit_token credit;
  };
  struct part {
    std::deque<waiting> blocks;
    bool done = false;
    bool read = false; ///< some of it
  };

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<part> parts_;
  std::size_t turn_ = 0;
  std::size_t waiting_ = 0; ///< blocks, of all tasks
  bool ended_ = false;
};

void waiting_blocks::accept(int task, block_ptr records, credit_token credit) {
  std::lock_guard lock{mutex_};
  parts_[static_cast<std::size_t>(task)].blocks.push_back({std::move(records), std::move(credit)});
  ++waiting_;
  arrived_.notify_one();
}

bool waiting_blocks::wanting() const {
  std::lock_guard lock{mutex_};
  return waiting_ == 0;
}

void waiting_blocks::task_done(int task) {
  std::lock_guard lock{mutex_};
  parts_[static_cast<std::size_t>(task)].done = true;
  arrived_.notify_one();
}

bool waiting_blocks::discard(int task) {
  std::deque<waiting> dropped; // their credit ends outside of the lock
  std::lock_guard lock{mutex_};
  auto& of = parts_[static_cast<std::size_t>(task)];
  if (of.read || static_cast<std::size_t>(task) < turn_)
    return false;
  waiting_ -= of.blocks.size();
  dropped.swap(of.blocks);
  of.done = false;
  return true;
}

void waiting_blocks::job_done(const std::optional<error>&) {
  std::lock_guard lock{mutex_};
  ended_ = true;
  arrived_.notify_one();
}

block_ptr waiting_blocks::pop(job_handle& run) {
  std::unique_lock lock{mutex_};
  for (bool resumed = true;;) {
    while (turn_ != parts_.size() && parts_[turn_].blocks.empty() && parts_[turn_].done)
      ++turn_;
    if (turn_ != parts_.size() && !parts_[turn_].blocks.empty()) {
      parts_[turn_].read = true;
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

} // namespace

std::shared_ptr<local_queue> local_queue::open(int tasks) {
  return std::make_shared<waiting_blocks>(static_cast<std::size_t>(tasks));
}

} // namespace crema::internal
