#pragma once

#include "dataflow/block/block_queue.hpp"
#include "dataflow/plan/node.hpp"
#include "dataflow/plan/partition_store.hpp"
#include "dataflow/plan/union_parts.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace crema::internal {

class absorber;

/// What one accumulator gained in one task: merged into the accumulator when the task commits, never before.
class accumulator_delta {
public:
  virtual ~accumulator_delta() = default;
  virtual void commit() = 0;
  /// For shared_variable::read_delta in the driver's process.
  virtual void write(byte_writer& out) const = 0;
};

/// By the number of the accumulator.
using accumulator_deltas = std::unordered_map<std::uint64_t, std::unique_ptr<accumulator_delta>>;

/// What all tasks of a job share.
class job_scope {
public:
  job_scope(std::uint64_t id, std::shared_ptr<worker_resources> resources, std::shared_ptr<store_registry> caches);
  job_scope(const job_scope&) = delete;
  job_scope& operator=(const job_scope&) = delete;
  ~job_scope();

  std::uint64_t id() const noexcept { return id_; }
  worker_resources& resources() const noexcept { return *resources_; }

  /// Has the records of `shared` kept until the job ends. Only while the job is planned.
  void share(const node& shared);
  /// Takes part in the cache of `cached` until the job ends, whatever happens to its mark. Only while the job is
  /// planned.
  void use_cache(const node& cached) { use_cache(cached, cached.id()); }
  /// The same where the registry has another key for it.
  void use_cache(const node& cached, std::uint64_t key);

  /// Begins the store of `of` anew: partitions that are computed from here on do not fit to those in it. Only while no
  /// task of the job runs.
  void renew(const node& of);

  /// Whether readers of this node take its records from a store.
  bool stores(std::uint64_t node_id) const { return stores_.contains(node_id); }

  struct job_store {
    std::shared_ptr<partition_store> partitions;
    bool cached; ///< it may outlive the job
    const node* of;
  };

  /// Where the records of `of`, a node stored in this job, are.
  std::shared_ptr<partition_store> store(const node& of) const;
  const std::unordered_map<std::uint64_t, job_store>& stores() const noexcept { return stores_; }

  /// Keeps the records of a partition of a source that came with a task: see node::write_source.
  void add_source(const node& of, int partition, std::shared_ptr<const void> records) const;
  std::shared_ptr<const void> source(const node& of, int partition) const;

  /// The parts of `of`, a union, once it is decided which unions are stored. Thread-safe.
  const union_parts& parts_of(const node& of) const;

private:
  std::uint64_t id_;
  std::shared_ptr<worker_resources> resources_;
  std::shared_ptr<store_registry> caches_;
  std::unordered_map<std::uint64_t, job_store> stores_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::uint64_t, union_parts> unions_;                        ///< those that were asked for
  mutable std::map<std::pair<std::uint64_t, int>, std::shared_ptr<const void>> sources_; ///< by node and partition
};

/// `job.stage@partition#attempt`: how a task is named everywhere.
struct task_id {
  std::uint64_t job = 0;
  int stage = 0;
  int partition = 0;
  int attempt = 0;
};
std::string to_string(const task_id& id);

/// Counts that a task keeps for the job's metrics. Written by the task's thread alone.
struct task_counters {
  std::uint64_t rows_in = 0;
  std::uint64_t rows_out = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t blocks_out = 0;
  std::uint64_t spilled_bytes = 0;
  std::uint64_t spills = 0;
};

/// What the operators of one task see of the world.
class task_scope {
public:
  task_scope(std::shared_ptr<const job_scope> job, task_id id) : job_{std::move(job)}, id_{id} {}
  task_scope(const task_scope&) = delete;
  task_scope& operator=(const task_scope&) = delete;
  ~task_scope();

  const job_scope& job() const noexcept { return *job_; }
  const task_id& id() const noexcept { return id_; }
  worker_resources& resources() const noexcept { return job_->resources(); }

  /// The shuffle read of this task, if it has one: whom arriving blocks go to.
  absorber* input() const noexcept { return input_; }
  void set_input(absorber* input) noexcept { input_ = input; }

  task_counters counters;
  /// Called by an operator that pulls: the shuffle read of this task must then wait for all its input.
  void must_not_starve() noexcept { may_starve_ = false; }
  bool may_starve() const noexcept { return may_starve_; }

  /// Set by a streaming shuffle read that has nothing to give before another block arrives.
  bool starved = false;
  accumulator_deltas accumulators;

private:
  std::shared_ptr<const job_scope> job_;
  task_id id_;
  absorber* input_ = nullptr;
  bool may_starve_ = true;
};

/// The task whose user functions run on this thread, or null.
task_scope* current_task() noexcept;

/// Makes `task` the current one as long as it lives.
class running_task {
public:
  explicit running_task(task_scope& task) noexcept;
  running_task(const running_task&) = delete;
  running_task& operator=(const running_task&) = delete;
  ~running_task();

private:
  task_scope* before_;
};

/// Throws nested_dataset when called inside a task. `what` is what was tried: "map", "context".
void refuse_inside_task(std::string_view what);

} // namespace crema::internal
