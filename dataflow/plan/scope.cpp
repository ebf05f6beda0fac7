#include "dataflow/plan/scope.hpp"

#include "dataflow/error.hpp"

#include <fmt/core.h>

#include <utility>

namespace crema::internal {

std::shared_ptr<const block_queue> partition_store::find(int partition) const {
  std::lock_guard lock{mutex_};
  return partitions_[static_cast<std::size_t>(partition)];
}

void partition_store::commit(int partition, std::shared_ptr<const block_queue> blocks) {
  std::lock_guard lock{mutex_};
  if (auto& at = partitions_[static_cast<std::size_t>(partition)]; !at)
    at = std::move(blocks);
}

void partition_store::clear() {
  std::vector<std::shared_ptr<const block_queue>> dropped;
  std::lock_guard lock{mutex_};
  dropped.resize(partitions_.size());
  dropped.swap(partitions_);
}

std::shared_ptr<partition_store> store_registry::open(const node& of) {
  std::lock_guard lock{mutex_};
  auto& store = stores_[of.id()];
  if (!store)
    store = std::make_shared<partition_store>(of.partitions());
  return store;
}

std::shared_ptr<partition_store> store_registry::find(std::uint64_t node_id) const {
  std::lock_guard lock{mutex_};
  const auto at = stores_.find(node_id);
  return at == stores_.end() ? nullptr : at->second;
}

void store_registry::drop(std::uint64_t node_id) {
  std::shared_ptr<partition_store> dropped;
  std::lock_guard lock{mutex_};
  if (const auto at = stores_.find(node_id); at != stores_.end()) {
    dropped = std::move(at->second);
    stores_.erase(at);
  }
}

void store_registry::clear() {
  std::unordered_map<std::uint64_t, std::shared_ptr<partition_store>> dropped;
  std::lock_guard lock{mutex_};
  dropped.swap(stores_);
}

void job_scope::share(const node& shared) {
  auto& store = stores_[shared.id()];
  if (!store)
    store = std::make_shared<partition_store>(shared.partitions());
}

std::shared_ptr<partition_store> job_scope::store(const node& of) const {
  if (const auto at = stores_.find(of.id()); at != stores_.end())
    return at->second;
  throw error{errc::internal, fmt::format("{} at {} is not stored in this job", of.op(), to_string(of.where()))};
}

void job_scope::use_cache(const node& cached) {
  stores_.try_emplace(cached.id(), caches_->open(cached));
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
