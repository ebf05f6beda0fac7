#pragma once

#include "dataflow/config.hpp"
#include "dataflow/engine.hpp"
#include "dataflow/metrics_log.hpp"
#include "dataflow/plan/file_copies.hpp"
#include "dataflow/plan/scope.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace crema::internal {

class job_run;

/// What a context and its datasets share. Datasets may outlive their context; their actions then throw context_closed.
class context_state {
public:
  context_state(config settings, std::shared_ptr<worker_resources> resources, std::unique_ptr<engine> runner);
  ~context_state();

  const config& settings() const noexcept { return settings_; }
  const std::shared_ptr<worker_resources>& resources() const noexcept { return resources_; }
  const std::shared_ptr<store_registry>& caches() const noexcept { return caches_; }
  int default_parallelism() const noexcept { return parallelism_; }

  /// Tasks that run at once, and the processes among which they are divided.
  int slots();
  int hosts();

  std::uint64_t next_job() noexcept { return ++last_job_; }

  /// Runs `job` on the engine, or here when it is tiny and the caller waits for it anyway.
  void start(const std::shared_ptr<job_run>& job);
  void cancel(const std::shared_ptr<job_run>& job);
  /// See engine::resume.
  bool resume(const std::shared_ptr<job_run>& job);

  /// Called by every job when it has ended.
  void ended(const job_run& job);

  /// Cancels what runs, waits for it, ends the engine, drops the caches. When it returns, all of that is done, also
  /// where another thread does it.
  void close();

  void forget(const node& gone) noexcept;
  void drop_cache(const node& of);

  /// See context::add_file.
  void add_file(const std::string& path);

  /// Tells the engine that the cache or shared variable `id` is gone.
  void forget(std::uint64_t id);

private:
  void forget(const job_run& job);
  std::shared_ptr<engine> open_engine();

  config settings_;
  std::shared_ptr<worker_resources> resources_;
  std::shared_ptr<store_registry> caches_ = std::make_shared<store_registry>();
  int parallelism_ = 1;
  std::mutex mutex_;
  std::condition_variable changed_; ///< said while closing: a job has ended, or all is closed
  std::shared_ptr<engine> engine_;
  bool closing_ = false;
  bool closed_ = false;
  std::unordered_map<const job_run*, std::weak_ptr<job_run>> running_;
  std::unique_ptr<metrics_log> metrics_; ///< gets the metrics of ended jobs, if a file is to have them
  std::atomic<std::uint64_t> last_job_{0};
  std::mutex files_mutex_;
  file_copies files_;
};

} // namespace crema::internal
