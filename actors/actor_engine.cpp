#include "actors/actor_engine.hpp"

#include "actors/actor_threads.hpp"
#include "actors/driver.hpp"
#include "actors/running_jobs.hpp"

#include <caf/event_based_actor.hpp>

#include <algorithm>
#include <latch>
#include <mutex>
#include <optional>
#include <utility>

namespace crema::actors {

namespace {

class actor_engine final : public internal::engine {
public:
  actor_engine(int threads, int io_slots)
      : threads_{std::max(1, threads)}, hosts_{{std::make_shared<local_host>(threads_, io_slots)}} {}

  ~actor_engine() override { jobs_.cancel_all(); }

  int threads() const noexcept override { return threads_; }

  void start(std::shared_ptr<internal::job_run> job) override {
    caller_of_actors guard;
    start_driver(system(), hosts_, jobs_, job);
  }

  void cancel(const std::shared_ptr<internal::job_run>& job) override { jobs_.cancel(*job); }

  void run_all(int n, const std::function<void(int)>& work) override {
    caller_of_actors guard;
    std::latch done{n};
    for (int i = 0; i != n; ++i)
      system().spawn(
        [&work, &done](int index) {
          work(index);
          done.count_down();
        },
        i);
    done.wait();
  }

private:
  caf::actor_system& system() {
    std::lock_guard lock{mutex_};
    if (!running_)
      running_.emplace(threads_);
    return running_->system();
  }

  int threads_;
  fixed_hosts hosts_; ///< outlive the drivers, as the next
  running_jobs jobs_;
  std::mutex mutex_;
  std::optional<actor_threads> running_; ///< from the first job on
};

} // namespace

std::unique_ptr<internal::engine> make_actor_engine(int threads, int io_slots) {
  return std::make_unique<actor_engine>(threads, io_slots);
}

} // namespace crema::actors
