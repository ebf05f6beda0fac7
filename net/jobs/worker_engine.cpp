#include "net/jobs/worker_engine.hpp"

#include "actors/actor_threads.hpp"
#include "actors/driver.hpp"
#include "actors/running_jobs.hpp"
#include "net/jobs/worker_host.hpp"

#include <caf/event_based_actor.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <latch>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crema::net {

namespace {

/// Threads for drivers, and for reading and writing blocks of results.
constexpr int driver_threads = 2;

/// A job waits so long for workers that are being started.
constexpr std::chrono::seconds most_waiting{60};

/// The workers that are there when a job looks for them.
class present_workers final : public actors::host_source {
public:
  explicit present_workers(worker_set& workers) : workers_{workers} {}

  actors::stage_hosts hosts(const std::vector<std::uint64_t>& avoided) override {
    auto present = workers_.workers();
    if (present.empty())
      workers_.await({}); // throws where none will come
    const auto unwanted = [&](const auto& worker) {
      return std::ranges::find(avoided, static_cast<std::uint64_t>(worker->number())) != avoided.end();
    };
    if (!std::ranges::all_of(present, unwanted))
      std::erase_if(present, unwanted);
    return hosts_of(std::make_shared<job_workers>(++last_job_, std::move(present), files()));
  }

  std::chrono::milliseconds patience() const override { return most_waiting; }

  void add_file(const std::string& name, std::string path) {
    const std::lock_guard lock{mutex_};
    auto more = std::make_shared<std::vector<told_file>>(*files_);
    std::erase_if(*more, [&](const told_file& each) { return each.name == name; });
    more->push_back({mark_of_files + ++last_file_, name, std::move(path)});
    files_ = std::move(more);
  }

private:
  added_files files() const {
    const std::lock_guard lock{mutex_};
    return files_;
  }

  worker_set& workers_;
  mutable std::mutex mutex_;
  added_files files_ = std::make_shared<std::vector<told_file>>();
  std::uint64_t last_file_ = 0;
  std::atomic<std::uint64_t> last_job_{0};
};

class worker_engine final : public internal::engine {
public:
  explicit worker_engine(std::unique_ptr<worker_set> workers) : workers_{std::move(workers)}, hosts_{*workers_} {
    actors::caller_of_actors guard;
    threads_.emplace(driver_threads);
    system_ = &threads_->system();
  }

  worker_engine(std::unique_ptr<worker_set> workers, caf::actor_system& system)
      : workers_{std::move(workers)}, hosts_{*workers_}, system_{&system} {}

  ~worker_engine() override {
    jobs_.cancel_all();
    threads_.reset();
  }

  int threads() const noexcept override { return workers_->slots(); }
  int hosts() const noexcept override { return static_cast<int>(workers_->workers().size()); }

  void start(std::shared_ptr<internal::job_run> job) override {
    workers_->await(hosts_.patience());
    actors::caller_of_actors guard;
    actors::start_driver(*system_, hosts_, jobs_, job);
  }

  void cancel(const std::shared_ptr<internal::job_run>& job) override { jobs_.cancel(*job); }

  void run_all(int n, const std::function<void(int)>& work) override {
    actors::caller_of_actors guard;
    std::latch done{n};
    for (int i = 0; i != n; ++i)
      system_->spawn(
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

  void add_file(const std::string& name, const std::string& path) override {
    hosts_.add_file(name, workers_->add_file(name, path));
  }

private:
  std::unique_ptr<worker_set> workers_;
  present_workers hosts_; ///< outlive the drivers, as the next
  actors::running_jobs jobs_;
  caf::actor_system* system_ = nullptr;
  std::optional<actors::actor_threads> threads_;
};

} // namespace

std::unique_ptr<internal::engine> make_worker_engine(std::unique_ptr<worker_set> workers) {
  return std::make_unique<worker_engine>(std::move(workers));
}

std::unique_ptr<internal::engine> make_worker_engine(std::unique_ptr<worker_set> workers, caf::actor_system& system) {
  return std::make_unique<worker_engine>(std::move(workers), system);
}

} // namespace crema::net
