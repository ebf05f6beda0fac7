#include "dataflow/plan/partition_store.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace crema::internal {

namespace {

std::atomic<std::uint64_t> last_store{0};

} // namespace

partition_store::partition_store() : id_{++last_store} {}

partition_store::kept partition_store::at(int partition) const {
  const auto index = static_cast<std::size_t>(partition);
  std::lock_guard lock{mutex_};
  return index < partitions_.size() ? partitions_[index] : kept{};
}

std::shared_ptr<const block_queue> partition_store::find(int partition) const {
  return at(partition).blocks;
}

std::optional<std::uint64_t> partition_store::records(int partition) const {
  return at(partition).records;
}

std::optional<std::uint64_t> partition_store::worker(int partition) const {
  return at(partition).worker;
}

void partition_store::commit(int partition, std::shared_ptr<const block_queue> blocks) {
  const auto records = blocks->records();
  commit(partition, kept{std::move(blocks), {}, records});
}

void partition_store::commit(int partition, std::uint64_t worker, std::uint64_t records) {
  commit(partition, kept{nullptr, worker, records});
}

void partition_store::commit(int partition, kept what) {
  const auto index = static_cast<std::size_t>(partition);
  std::lock_guard lock{mutex_};
  if (index >= partitions_.size())
    partitions_.resize(index + 1);
  if (!partitions_[index].records)
    partitions_[index] = std::move(what);
}

bool partition_store::complete(int partitions) const {
  std::lock_guard lock{mutex_};
  return partitions_.size() >= static_cast<std::size_t>(partitions)
         && std::all_of(partitions_.begin(), partitions_.end(),
                        [](const kept& one) { return one.records.has_value(); });
}

bool partition_store::lose_all_but(const std::vector<std::uint64_t>& present) {
  std::lock_guard lock{mutex_};
  bool lost = false;
  for (auto& partition : partitions_)
    if (partition.worker && std::find(present.begin(), present.end(), *partition.worker) == present.end()) {
      partition = {};
      lost = true;
    }
  return lost;
}

std::shared_ptr<partition_store> store_registry::open(std::uint64_t key) {
  std::lock_guard lock{mutex_};
  auto& store = stores_[key];
  if (!store)
    store = std::make_shared<partition_store>();
  return store;
}

std::shared_ptr<partition_store> store_registry::renew(std::uint64_t key, const std::shared_ptr<partition_store>& old) {
  auto fresh = std::make_shared<partition_store>();
  std::lock_guard lock{mutex_};
  if (const auto at = stores_.find(key); at != stores_.end() && at->second == old)
    at->second = fresh;
  return fresh;
}

std::shared_ptr<partition_store> store_registry::drop(std::uint64_t key) {
  std::lock_guard lock{mutex_};
  const auto dropped = stores_.extract(key);
  return dropped ? dropped.mapped() : nullptr;
}

void store_registry::clear() {
  std::unordered_map<std::uint64_t, std::shared_ptr<partition_store>> dropped;
  std::lock_guard lock{mutex_};
  dropped.swap(stores_);
}

} // namespace crema::internal
