#include "dataflow/plan/scope.hpp"

#include "dataflow/error.hpp"

#include <fmt/core.h>

#include <utility>

namespace crema::internal {

job_scope::job_scope(std::uint64_t id, std::shared_ptr<worker_resources> resources,
                     std::shared_ptr<store_registry> caches)
    : id_{id}, resources_{std::move(resources)}, caches_{std::move(caches)} {}

job_scope::~job_scope() = default;

void job_scope::share(const node& shared) {
  auto& store = stores_[shared.id()];
  if (!store.partitions)
    store = {std::make_shared<partition_store>(), false, &shared};
}

void job_scope::use_cache(const node& cached, std::uint64_t key) {
  stores_.try_emplace(cached.id(), job_store{caches_->open(key), true, &cached});
}

void job_scope::renew(const node& of) {
  auto& store = stores_.at(of.id());
  store.partitions = store.cached ? caches_->renew(of.id(), store.partitions) : std::make_shared<partition_store>();
}

std::shared_ptr<partition_store> job_scope::store(const node& of) const {
  if (const auto at = stores_.find(of.id()); at != stores_.end())
    return at->second.partitions;
  throw error{errc::internal, fmt::format("{} at {} is not stored in this job", of.op(), to_string(of.where()))};
}

void job_scope::add_source(const node& of, int partition, std::shared_ptr<const void> records) const {
  std::lock_guard lock{mutex_};
  sources_.try_emplace({of.id(), partition}, std::move(records));
}

std::shared_ptr<const void> job_scope::source(const node& of, int partition) const {
  std::lock_guard lock{mutex_};
  if (const auto at = sources_.find({of.id(), partition}); at != sources_.end())
    return at->second;
  throw error{errc::internal, fmt::format("partition {} of {} at {} did not come with the task that reads it",
                                          partition, of.op(), to_string(of.where()))};
}

const union_parts& job_scope::parts_of(const node& of) const {
  std::lock_guard lock{mutex_};
  auto at = unions_.find(of.id());
  if (at == unions_.end())
    at = unions_.emplace(of.id(), union_parts{of, *this}).first;
  return at->second;
}

std::string to_string(const task_id& id) {
  return fmt::format("{}.{}@{}#{}", id.job, id.stage, id.partition, id.attempt);
}

task_scope::~task_scope() = default;

namespace {

thread_local task_scope* running = nullptr;

} // namespace

task_scope* current_task() noexcept {
  return running;
}

running_task::running_task(task_scope& task) noexcept : before_{std::exchange(running, &task)} {}

running_task::~running_task() {
  running = before_;
}

void refuse_inside_task(std::string_view what) {
  if (running != nullptr)
    throw error{
      errc::nested_dataset,
      fmt::format("a dataset may not be created or used inside a task ({}): collect it first, or join the datasets",
                  what)};
}

} // namespace crema::internal
