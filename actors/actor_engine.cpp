#include "actors/actor_engine.hpp"

#include "actors/driver.hpp"
#include "actors/running_jobs.hpp"
#include "actors/scheduler.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/logger.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <latch>
#include <mutex>
#include <optional>
#include <utility>

namespace crema::actors {

namespace {

/// Messages that an actor handles before others get their turn. Few, because one of them may be a slice of a task.
constexpr std::size_t messages_per_turn = 4;

/// CAF leaves a reference to the system's logger in every thread that makes the system or spawns an actor, and the end
/// of the system waits for it to go, for ever if that thread lives on. So a caller's thread does not keep it.
class logger_guard {
public:
  logger_guard() = default;
  logger_guard(const logger_guard&) = delete;
  logger_guard& operator=(const logger_guard&) = delete;
  ~logger_guard() {
    if (!ours_)
      caf::logger::set_current_actor_system(nullptr);
  }

private:
  bool ours_ = caf::logger::current_logger() != nullptr; ///< a thread of a system, which needs it
};

class actor_engine final : public internal::engine {
public:
  explicit actor_engine(int threads) : threads_{std::max(1, threads)}, host_{std::make_shared<local_host>(threads_)} {}

  ~actor_engine() override { jobs_.cancel_all(); }

  int threads() const noexcept override { return threads_; }

  void start(std::shared_ptr<internal::job_run> job) override {
    logger_guard guard;
    auto runner = system().spawn(driver, stage_hosts{host_}, &jobs_);
    jobs_.add(*job, runner);
    caf::anon_send(runner, run_job{std::move(job)});
  }

  void cancel(const std::shared_ptr<internal::job_run>& job) override { jobs_.cancel(*job); }

  void run_all(int n, const std::function<void(int)>& work) override {
    logger_guard guard;
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
  /// An actor system with the threads that it starts.
  struct workers {
    explicit workers(int threads) {
      config.load<scheduler>();
      config.set("scheduler.max-threads", static_cast<std::size_t>(threads));
      config.set("scheduler.max-throughput", messages_per_turn);
      config.set("logger.verbosity", caf::atom("quiet"));
      system.emplace(config);
    }

    caf::actor_system_config config;
    std::optional<caf::actor_system> system;
  };

  caf::actor_system& system() {
    std::lock_guard lock{mutex_};
    if (!workers_)
      workers_.emplace(threads_);
    return *workers_->system;
  }

  int threads_;
  std::shared_ptr<local_host> host_;
  running_jobs jobs_; ///< outlives the drivers
  std::mutex mutex_;
  std::optional<workers> workers_;
};

} // namespace

std::unique_ptr<internal::engine> make_actor_engine(int threads) {
  return std::make_unique<actor_engine>(threads);
}

} // namespace crema::actors
