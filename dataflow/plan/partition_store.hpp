#pragma once

#include "dataflow/block/block_queue.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace crema::internal {

/// The partitions of one dataset that were computed once and are kept: by a cache, or by a job with two readers.
/// A driver may know no more of a partition than which worker keeps it. The first commit of a partition wins.
/// Thread-safe.
class partition_store {
public:
  partition_store();

  /// Names this store in other processes: a dataset that is cached anew gets another one.
  std::uint64_t id() const noexcept { return id_; }

  /// The partition's blocks; null when it is not (or no longer) here.
  std::shared_ptr<const block_queue> find(int partition) const;

  /// The number of the partition's records; nothing when nobody keeps it.
  std::optional<std::uint64_t> records(int partition) const;

  /// The worker that keeps the partition, if it is one.
  std::optional<std::uint64_t> worker(int partition) const;

  void commit(int partition, std::shared_ptr<const block_queue> blocks);
  void commit(int partition, std::uint64_t worker, std::uint64_t records);

  /// Whether each of the first `partitions` is kept.
  bool complete(int partitions) const;

  /// What workers kept that are not among `present` is gone; whether that was anything.
  bool lose_all_but(const std::vector<std::uint64_t>& present);

private:
  struct kept {
    std::shared_ptr<const block_queue> blocks;
    std::optional<std::uint64_t> worker;
    std::optional<std::uint64_t> records;
  };
  kept at(int partition) const;
  void commit(int partition, kept what);

  std::uint64_t id_;
  mutable std::mutex mutex_;
  std::vector<kept> partitions_; ///< as far as something was committed
};

/// The caches of one context, by the number of their node; on a worker by that of the driver's store. Thread-safe.
class store_registry {
public:
  std::shared_ptr<partition_store> open(std::uint64_t key);
  /// An empty store in the place of `old`, unless that has been dropped or replaced by somebody else.
  std::shared_ptr<partition_store> renew(std::uint64_t key, const std::shared_ptr<partition_store>& old);
  /// What it has dropped; null when there was nothing.
  std::shared_ptr<partition_store> drop(std::uint64_t key);
  void clear();

private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<partition_store>> stores_;
};

} // namespace crema::internal
