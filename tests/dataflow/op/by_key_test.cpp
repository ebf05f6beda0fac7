#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/count_by.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map_partitions.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace crema {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using namespace crema::testing;

class ByKey : public on_every_engine {
protected:
  /// Calls `check(records, dataset)` for all hostile inputs and numbers of partitions.
  template <class Check>
  void for_all_inputs(Check check) {
    for (int n : partition_counts)
      for (const auto& keys : hostile_keys()) {
        SCOPED_TRACE(std::to_string(n) + " partitions, " + std::to_string(keys.size()) + " records");
        const auto records = numbered(keys);
        check(records, ctx.parallelize(records, n));
      }
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, ByKey, engine_shapes(), engine_name);

TEST_P(ByKey, ReduceAddsUpEachKey) {
  for_all_inputs([](const pairs& records, const rdd<std::pair<long, long>>& data) {
    std::map<long, long> sums;
    for (const auto& [k, v] : records)
      sums[k] += v;
    const pairs expected(sums.begin(), sums.end());
    EXPECT_EQ(sorted(data.reduce_by_key(std::plus<>{}).collect()), expected);
    EXPECT_EQ(sorted(data.reduce_by_key(std::plus<>{}, 3).collect()), expected);
  });
}

TEST_P(ByKey, ReduceIsNotCalledForASingleValue) {
  const auto data = ctx.parallelize(numbered(iota(50)), 5);
  const auto kept = data.reduce_by_key([](long, long) -> long { throw std::runtime_error{"called"}; });
  EXPECT_EQ(sorted(kept.collect()), numbered(iota(50)));
}

TEST_P(ByKey, CombineBuildsAnotherType) {
  for_all_inputs([](const pairs& records, const rdd<std::pair<long, long>>& data) {
    const auto lists = data.combine_by_key([](long v) { return longs{v}; },
                                           [](longs list, long v) {
                                             list.push_back(v);
                                             return list;
                                           },
                                           [](longs a, const longs& b) {
                                             a.insert(a.end(), b.begin(), b.end());
                                             return a;
                                           });
    std::map<long, longs> found;
    for (auto& [k, list] : lists.collect()) {
      EXPECT_FALSE(found.contains(k));
      found[k] = sorted(list);
    }
    EXPECT_EQ(found, grouped(records));
  });
}

TEST_P(ByKey, AggregateStartsEachKeyFromAFreshZero) {
  for_all_inputs([](const pairs& records, const rdd<std::pair<long, long>>& data) {
    const auto lists = data.aggregate_by_key(
      longs{}, [](longs& list, long v) { list.push_back(v); },
      [](longs a, const longs& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
      });
    std::map<long, longs> found;
    for (auto& [k, list] : lists.collect())
      found[k] = sorted(list);
    EXPECT_EQ(found, grouped(records));
  });
}

TEST_P(ByKey, FoldUsesItsZeroOnceForEachPartitionThatHasTheKey) {
  const pairs two{{1, 1}, {1, 2}};
  EXPECT_THAT(ctx.parallelize(two, 1).fold_by_key(10, std::plus<>{}).collect(), ElementsAre(Pair(1, 13)));
  EXPECT_THAT(ctx.parallelize(two, 2).fold_by_key(10, std::plus<>{}).collect(), ElementsAre(Pair(1, 23)));
  EXPECT_THAT(ctx.parallelize(two, 5).fold_by_key(10, std::plus<>{}).collect(), ElementsAre(Pair(1, 23)));
}

TEST_P(ByKey, DistinctKeepsOneOfEach) {
  for (int n : partition_counts)
    for (const auto& keys : hostile_keys()) {
      const std::set<long> expected(keys.begin(), keys.end());
      EXPECT_EQ(sorted(ctx.parallelize(keys, n).distinct().collect()), longs(expected.begin(), expected.end()));
    }
}

TEST_P(ByKey, MeetInThePartitionOfTheirKey) {
  for (int n : {1, 2, 3, 5, 64}) {
    const auto parts =
      ctx.parallelize(numbered(scattered(500, 90)), 4).reduce_by_key(std::plus<>{}, n).glom().collect();
    ASSERT_EQ(parts.size(), static_cast<std::size_t>(n));
    for (int p = 0; p != n; ++p)
      for (const auto& [key, sum] : parts[static_cast<std::size_t>(p)])
        EXPECT_EQ(partition_of(key, n), p) << key;
  }
}

TEST_P(ByKey, GetAsManyPartitionsAsTheirInputUnlessTold) {
  const auto data = ctx.parallelize(numbered(iota(10)), 5);
  EXPECT_EQ(data.reduce_by_key(std::plus<>{}).num_partitions(), 5);
  EXPECT_EQ(data.reduce_by_key(std::plus<>{}, 2).num_partitions(), 2);
  EXPECT_EQ(data.distinct(64).num_partitions(), 64);
  EXPECT_EQ((ctx.empty<std::pair<long, long>>().reduce_by_key(std::plus<>{}).num_partitions()), 1);
  EXPECT_THROW(data.reduce_by_key(std::plus<>{}, -1), error);
  EXPECT_THROW(data.distinct(-1), error);
}

TEST_P(ByKey, WorkOnNothing) {
  const auto nothing = ctx.empty<std::pair<long, long>>();
  EXPECT_THAT(nothing.reduce_by_key(std::plus<>{}).collect(), IsEmpty());
  EXPECT_THAT(nothing.distinct(3).collect(), IsEmpty());
  EXPECT_THAT(nothing.count_by_key(), IsEmpty());
  EXPECT_THAT(nothing.count_by_value(), IsEmpty());
  EXPECT_THAT(ctx.parallelize(pairs{}, 64).fold_by_key(0, std::plus<>{}).collect(), IsEmpty());
}

TEST_P(ByKey, CountKeysAndValues) {
  for_all_inputs([this](const pairs& records, const rdd<std::pair<long, long>>& data) {
    std::map<long, std::uint64_t> expected;
    longs keys;
    for (const auto& record : records) {
      ++expected[record.first];
      keys.push_back(record.first);
    }
    const auto by_key = data.count_by_key();
    const auto by_value = ctx.parallelize(keys, data.num_partitions()).count_by_value();
    EXPECT_EQ((std::map<long, std::uint64_t>(by_key.begin(), by_key.end())), expected);
    EXPECT_EQ((std::map<long, std::uint64_t>(by_value.begin(), by_value.end())), expected);
  });
}

TEST_P(ByKey, TakeTheLastOfEqualKeysIntoAMap) {
  for_all_inputs([](const pairs& records, const rdd<std::pair<long, long>>& data) {
    std::map<long, long> expected;
    for (const auto& [k, v] : records)
      expected[k] = v;
    const auto found = data.collect_as_map();
    EXPECT_EQ((std::map<long, long>(found.begin(), found.end())), expected);
  });
}

TEST_P(ByKey, TakeNegativeZeroForZeroAndAllNaNsForOneKey) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::pair<double, long>> records{{0.0, 1}, {-0.0, 2}, {nan, 3}, {-nan, 4}, {nan, 5}, {1.5, 6}};
  for (int n : partition_counts) {
    const auto sums = ctx.parallelize(records, n).reduce_by_key(std::plus<>{}).values().collect();
    EXPECT_THAT(sums, UnorderedElementsAre(3, 12, 6)) << n;
    EXPECT_EQ(ctx.parallelize(records, n).keys().distinct().count(), 3u);
  }
}

TEST_P(ByKey, CountANaNAsOneKey) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto counts = ctx.parallelize(std::vector{nan, 1.0, nan, nan, 0.0, -0.0}, 3).count_by_value();
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_EQ(counts.at(1.0), 1u);
  EXPECT_EQ(counts.at(0.0), 2u);
}

TEST_P(ByKey, TakeStringsAsKeys) {
  words keys;
  for (long i : scattered(2000, 100))
    keys.push_back(std::string(static_cast<std::size_t>(i), 'k') + std::to_string(i));
  keys.push_back("");
  keys.push_back(std::string("\0\0", 2));
  keys.push_back(std::string(100'000, 'x'));
  std::map<std::string, std::uint64_t> expected;
  for (const auto& key : keys)
    ++expected[key];
  for (int n : partition_counts) {
    const auto found = ctx.parallelize(keys, n).count_by_value();
    EXPECT_EQ((std::map<std::string, std::uint64_t>(found.begin(), found.end())), expected);
    const auto once = sorted(ctx.parallelize(keys, n).distinct().collect());
    EXPECT_EQ(once.size(), expected.size());
    EXPECT_TRUE(std::equal(once.begin(), once.end(), expected.begin(), expected.end(),
                           [](const auto& a, const auto& b) { return a == b.first; }));
  }
}

} // namespace
} // namespace crema
