#include "dataflow/plan/partition_store.hpp"

#include <gtest/gtest.h>

namespace crema::internal {
namespace {

TEST(PartitionStores, KnowWhichWorkerKeepsAPartitionUntilItIsLost) {
  partition_store store;
  store.commit(0, 7, 100);
  store.commit(0, 8, 100); // too late
  store.commit(1, 8, 5);
  EXPECT_EQ(store.worker(0), 7U);
  EXPECT_EQ(store.records(0), 100U);
  EXPECT_EQ(store.find(0), nullptr);
  EXPECT_EQ(store.records(2), std::nullopt);
  EXPECT_FALSE(store.lose_all_but({7, 8}));
  EXPECT_TRUE(store.lose_all_but({8}));
  EXPECT_EQ(store.records(0), std::nullopt);
  EXPECT_EQ(store.records(1), 5U);
  EXPECT_NE(store.id(), partition_store{}.id());
}

TEST(PartitionStores, KeepTheFirstCommitOfAPartition) {
  const auto resources = std::make_shared<worker_resources>(std::size_t{1} << 20);
  const auto first = std::make_shared<block_queue>(*resources, nullptr, "first");
  partition_store store;
  store.commit(1, first);
  store.commit(1, std::make_shared<block_queue>(*resources, nullptr, "second"));
  EXPECT_EQ(store.find(1), first);
  EXPECT_EQ(store.find(0), nullptr);
  EXPECT_EQ(store.records(1), 0U);
  EXPECT_EQ(store.worker(1), std::nullopt);
}

} // namespace
} // namespace crema::internal
