#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/coalesce.hpp"
#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/take.hpp"
#include "dataflow/op/top.hpp"
#include "dataflow/op/union_with.hpp"
#include "dataflow/op/zip_with_index.hpp"

#include <gmock/gmock.h>

#include <string_view>

// Plans in which it is not plain who reads which shuffle.

namespace crema {
namespace {

using ::testing::UnorderedElementsAreArray;
using namespace crema::testing;

class ShuffleReads : public on_every_engine {
protected:
  rdd<std::pair<long, long>> numbers(int partitions) {
    return ctx.parallelize(numbered(scattered(300, 20)), partitions);
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, ShuffleReads, engine_shapes(), engine_name);

TEST_P(ShuffleReads, OfTwoShufflesMeetInAUnion) {
  for (int n : partition_counts) {
    const auto sums = numbers(n).reduce_by_key(std::plus<>{}).collect();
    const auto sorted_ones = numbers(n).sort_by_key();
    auto expected = sorted_ones.collect();
    expected.insert(expected.end(), sums.begin(), sums.end());
    const auto united = sorted_ones.union_with(numbers(n).reduce_by_key(std::plus<>{}));
    EXPECT_THAT(united.collect(), UnorderedElementsAreArray(expected)) << n;
    EXPECT_EQ(united.coalesce(1).count(), expected.size()) << n;
    EXPECT_EQ(united.union_with(numbers(n).partition_by(3)).count(), expected.size() + 300) << n;
  }
}

TEST_P(ShuffleReads, OfOneShuffleTwiceInSomePartitionsFindEachItsOwn) {
  for (int n : partition_counts) {
    const auto once = ctx.parallelize(longs{3, 5}, 2).distinct(n);
    const auto twice = once.union_with(once);
    EXPECT_EQ(sorted(twice.take(100)), (longs{3, 3, 5, 5})) << n;
    EXPECT_EQ(sorted(twice.filter([](long x) { return x != 4; }).take(100)), (longs{3, 3, 5, 5})) << n;
  }
}

TEST_P(ShuffleReads, OfAShuffleThatStreamsWaitForTheFirstRecordOfAReduction) {
  for (int n : partition_counts) {
    const auto data = ctx.parallelize(iota(100), n);
    EXPECT_EQ(data.repartition(n).max(), 99) << n;
    EXPECT_EQ(data.zip_with_index().values().reduce([](long a, long b) { return a + b; }), 4950) << n;
    EXPECT_EQ(data.repartition(n).filter([](long x) { return x == 7; }).min(), 7) << n;
  }
}

TEST_P(ShuffleReads, ThroughATemporaryHandleOfACachedParentReachTheShuffle) {
  const auto sums = ctx.parallelize(numbered(scattered(300, 20)), 3).reduce_by_key(std::plus<>{});
  const auto halved = sums.map([](const std::pair<long, long>& r) { return std::pair{r.first % 2, r.second}; });
  const auto copy = [&] { return halved; }; // a temporary, which looks as if nobody else read it
  const auto total = [](const auto& data) { return data.map([](const auto& r) { return r.second; }).sum(); };
  const long all = 299 * 300 / 2;
  for (const char* state : {"plain", "cached", "in its cache", "dropped"}) {
    SCOPED_TRACE(state);
    EXPECT_EQ(total(copy().reduce_by_key(std::plus<>{})), all);
    EXPECT_EQ(total(copy().map_values([](long v) { return v; })), all);
    EXPECT_EQ(
      total(copy().filter([](const auto& r) { return r.first == 0; }).union_with(copy().filter([](const auto& r) {
        return r.first != 0;
      }))),
      all);
    EXPECT_EQ(copy().reduce_by_key(std::plus<>{}).join(halved).count(), 20u);
    EXPECT_EQ(copy()
                .map_partitions([](auto& part) {
                  long sum = 0;
                  for (const auto& r : part)
                    sum += r.second;
                  return longs{sum};
                })
                .sum(),
              all);
    if (std::string_view{state} == "plain")
      halved.cache();
    if (std::string_view{state} == "in its cache")
      halved.unpersist();
  }
}

} // namespace
} // namespace crema
