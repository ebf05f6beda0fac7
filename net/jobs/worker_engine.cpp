#include "net/jobs/worker_engine.hpp"

#include "actors/actor_threads.hpp"
#include "actors/driver.hpp"
#include "actors/running_jobs.hpp"
#include "dataflow/error.hpp"
#include "net/jobs/worker_host.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <latch>
#include <optional>
#include <utility>

namespace crema::net {

namespace {

/// Threads for drivers, and for reading and writing blocks of results.
constexpr int driver_threads = 2;

/// A job waits so long for workers that are being started.
constexpr std::chrono::seconds patience{60};

class worker_engine final : public internal::engine {
public:
  explicit worker_engine(std::unique_ptr<worker_set> workers) : workers_{std::move(workers)} {
    actors::caller_of_actors guard;
    actors_.emplace(driver_threads);
  }

  ~worker_engine() override {
    jobs_.cancel_all();
    actors_.reset();
  }

  int threads() const noexcept override { return workers_->slots(); }
  int hosts() const noexcept override { return static_cast<int>(workers_->workers().size()); }

  void start(std::shared_ptr<internal::job_run> job) override {
    if (!workers_->await(patience))
      throw error{errc::unreachable, "no worker is ready to run the job"};
    auto present = workers_->workers();
    require_caches(*job, present);
    auto workers = std::make_shared<job_workers>(std::move(present));
    workers->write(*job); // what cannot travel is refused before anything starts
    actors::caller_of_actors guard;
    auto runner = actors_->system().spawn(actors::driver, hosts_of(workers), &jobs_);
    jobs_.add(*job, runner);
    caf::anon_send(runner, actors::run_job{std::move(job)});
  }

  void cancel(const std::shared_ptr<internal::job_run>& job) override { jobs_.cancel(*job); }

  void run_all(int n, const std::function<void(int)>& work) override {
    actors::caller_of_actors guard;
    std::latch done{n};
    for (int i = 0; i != n; ++i)
      actors_->system().spawn(
        [&work, &done](int index) {
          work(index);
          done.count_down();
        },
        i);
    done.wait();
  }

  void forget(std::uint64_t id) noexcept override {
    for (const auto& worker : workers_->workers())
      worker->forget(id);
  }

private:
  /// What a lost worker had cached is computed again by the next job that is planned.
  static void require_caches(const internal::job_run& job,
                             const std::vector<std::shared_ptr<worker_connection>>& present) {
    std::vector<std::uint64_t> numbers;
    numbers.reserve(present.size());
    for (const auto& worker : present)
      numbers.push_back(static_cast<std::uint64_t>(worker->number()));
    bool lost = false;
    for (const auto& [node, store] : job.plan().scope->stores())
      lost = store.partitions->lose_all_but(numbers) || lost;
    if (lost)
      throw error{errc::unreachable,
                  "a worker is lost that had cached what the job reads: the same action will compute it again"};
  }

  std::unique_ptr<worker_set> workers_;
  actors::running_jobs jobs_; ///< outlives the drivers
  std::optional<actors::actor_threads> actors_;
};

} // namespace

std::unique_ptr<internal::engine> make_worker_engine(std::unique_ptr<worker_set> workers) {
  return std::make_unique<worker_engine>(std::move(workers));
}

} // namespace crema::net
