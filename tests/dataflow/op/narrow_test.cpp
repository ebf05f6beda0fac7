#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/coalesce.hpp"
#include "dataflow/op/collect.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/flat_map.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/union_with.hpp"

#include <gmock/gmock.h>

#include <array>
#include <ranges>

namespace crema {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace crema::testing;

class NarrowOperations : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, NarrowOperations, engine_shapes(), engine_name);

TEST_P(NarrowOperations, KeepOrderAndPartitions) {
  for (int n : partition_counts)
    for (const auto& input : hostile_keys()) {
      SCOPED_TRACE(n);
      const rdd<long> data = ctx.parallelize(input, n);
      const auto mapped = data.map([](long x) { return x * 3 - 1; });
      const auto even = data.filter([](long x) { return x % 2 == 0; });
      const auto repeated = data.flat_map([](long x) { return longs(static_cast<std::size_t>(std::abs(x) % 4), x); });

      longs expect_mapped, expect_even, expect_repeated;
      for (long x : input) {
        expect_mapped.push_back(x * 3 - 1);
        if (x % 2 == 0)
          expect_even.push_back(x);
        expect_repeated.insert(expect_repeated.end(), static_cast<std::size_t>(std::abs(x) % 4), x);
      }
      EXPECT_EQ(mapped.collect(), expect_mapped);
      EXPECT_EQ(even.collect(), expect_even);
      EXPECT_EQ(repeated.collect(), expect_repeated);
      EXPECT_EQ(mapped.num_partitions(), n);
      EXPECT_EQ(even.num_partitions(), n);
      EXPECT_EQ(repeated.num_partitions(), n);
    }
}

TEST_P(NarrowOperations, SliceAsSparkDoes) {
  EXPECT_THAT(ctx.parallelize(longs{1, 2, 3}, 5).glom().collect(),
              ElementsAre(longs{}, longs{1}, longs{}, longs{2}, longs{3}));
  for (int n : partition_counts) {
    const auto input = iota(101);
    const auto parts = ctx.parallelize(input, n).glom().collect();
    ASSERT_EQ(parts.size(), static_cast<std::size_t>(n));
    for (std::size_t i = 0; i != parts.size(); ++i)
      EXPECT_EQ(parts[i], longs(input.begin() + static_cast<long>(i * 101 / parts.size()),
                                input.begin() + static_cast<long>((i + 1) * 101 / parts.size())));
  }
}

TEST_P(NarrowOperations, FuseIntoOneLoopWithTheSameResult) {
  for (int n : partition_counts) {
    const auto fused = ctx.range(0, 1000, 1, n)
                         .map([](long x) { return x + 1; })
                         .filter([](long x) { return x % 3 == 0; })
                         .flat_map([](long x) {
                           return std::array{x, -x};
                         })
                         .map([](long x) { return std::to_string(x); });
    const rdd<long> a = ctx.range(0, 1000, 1, n);
    const rdd<long> b = a.map([](long x) { return x + 1; });
    const rdd<long> c = b.filter([](long x) { return x % 3 == 0; });
    const rdd<long> d = c.flat_map([](long x) { return std::array{x, -x}; });
    const rdd<std::string> erased = d.map([](long x) { return std::to_string(x); });
    words expected;
    for (long x = 1; x <= 1000; ++x)
      if (x % 3 == 0) {
        expected.push_back(std::to_string(x));
        expected.push_back(std::to_string(-x));
      }
    EXPECT_EQ(fused.collect(), expected);
    EXPECT_EQ(erased.collect(), expected);
  }
}

TEST_P(NarrowOperations, CallMapPartitionsOnceForEveryPartitionAlsoAnEmptyOne) {
  for (int n : partition_counts) {
    const auto calls = ctx.accumulator(0L);
    const auto sizes = ctx.parallelize(longs{1, 2, 3}, n).map_partitions([calls](auto& records) {
      calls.add(1);
      long count = 0;
      for ([[maybe_unused]] long x : records)
        ++count;
      return longs{count};
    });
    const auto found = sizes.collect();
    EXPECT_EQ(found.size(), static_cast<std::size_t>(n));
    EXPECT_EQ(std::accumulate(found.begin(), found.end(), 0L), 3);
    EXPECT_EQ(calls.value(), n);
  }
}

TEST_P(NarrowOperations, TellMapPartitionsItsIndex) {
  for (int n : partition_counts) {
    const auto found = ctx.parallelize(iota(130), n)
                         .map_partitions_with_index([](int index, auto& records) {
                           std::vector<std::pair<int, long>> out;
                           for (long x : records)
                             out.emplace_back(index, x);
                           return out;
                         })
                         .collect();
    ASSERT_EQ(found.size(), 130u);
    for (const auto& [index, x] : found) {
      EXPECT_LE(index * 130 / n, x);
      EXPECT_LT(x, (index + 1) * 130 / n);
    }
  }
}

TEST_P(NarrowOperations, LetMapPartitionsReturnALazyViewOfItsRecords) {
  for (int n : partition_counts) {
    const auto doubled = ctx.parallelize(iota(1000), n).map_partitions([](auto& records) {
      return std::ranges::subrange(records.begin(), records.end())
             | std::views::transform([](long x) { return 2 * x; });
    });
    long sum = 0;
    for (long x : doubled.collect())
      sum += x;
    EXPECT_EQ(sum, 999'000);
  }
}

TEST_P(NarrowOperations, LetMapPartitionsStopReading) {
  for (int n : partition_counts) {
    const auto firsts = ctx.range(0, 100'000, 1, n).map_partitions([](auto& records) {
      longs one;
      for (long x : records) {
        one.push_back(x);
        break;
      }
      return one;
    });
    longs expected;
    for (long i = 0; i != n; ++i)
      expected.push_back(100'000 * i / n);
    EXPECT_EQ(firsts.collect(), expected);
  }
}

TEST_P(NarrowOperations, GiveEachTaskItsOwnCopyOfAFunctionWithState) {
  const auto counted = ctx.parallelize(longs(10, 0), 5).map([n = 0L](long) mutable { return ++n; });
  EXPECT_THAT(counted.collect(), ElementsAre(1, 2, 1, 2, 1, 2, 1, 2, 1, 2));
  EXPECT_THAT(counted.collect(), ElementsAre(1, 2, 1, 2, 1, 2, 1, 2, 1, 2));
}

TEST_P(NarrowOperations, TreatPairs) {
  for (int n : partition_counts)
    for (const auto& input : hostile_keys()) {
      const auto records = numbered(input);
      const rdd<std::pair<long, long>> data = ctx.parallelize(records, n);
      longs keys, values;
      pairs doubled, keyed;
      std::vector<std::pair<long, std::string>> texts;
      for (const auto& [k, v] : records) {
        keys.push_back(k);
        values.push_back(v);
        doubled.emplace_back(k, 2 * v);
        keyed.emplace_back(k % 3, k);
        for (int i = 0; i != v % 3; ++i)
          texts.emplace_back(k, std::to_string(v));
      }
      EXPECT_EQ(data.keys().collect(), keys);
      EXPECT_EQ(data.values().collect(), values);
      EXPECT_EQ(data.map_values([](long v) { return 2 * v; }).collect(), doubled);
      EXPECT_EQ(data.keys().key_by([](long x) { return x % 3; }).collect(), keyed);
      EXPECT_EQ(data.flat_map_values([](long v) { return words(static_cast<std::size_t>(v % 3), std::to_string(v)); })
                  .collect(),
                texts);
    }
}

TEST_P(NarrowOperations, UniteInOrderWithAllPartitions) {
  for (int n : partition_counts) {
    const rdd<long> a = ctx.parallelize(longs{1, 1, 2, 3}, n);
    const rdd<long> b = ctx.parallelize(longs{}, 3);
    const rdd<long> c = ctx.parallelize(longs{9}, 2);
    const auto both = a.union_with(b).union_with(c).union_with(a);
    EXPECT_THAT(both.collect(), ElementsAre(1, 1, 2, 3, 9, 1, 1, 2, 3));
    EXPECT_EQ(both.num_partitions(), 2 * n + 5);
    EXPECT_THAT(ctx.union_of(std::vector{a, b, c}).collect(), ElementsAre(1, 1, 2, 3, 9));
  }
  EXPECT_THAT(ctx.union_of(std::vector<rdd<long>>{}).collect(), IsEmpty());
}

TEST_P(NarrowOperations, CoalesceNeighboursAndNeverGrow) {
  for (int n : partition_counts)
    for (int to : {1, 2, 3, 64, 100}) {
      SCOPED_TRACE(std::to_string(n) + " to " + std::to_string(to));
      const auto input = iota(150);
      const auto fewer = ctx.parallelize(input, n).coalesce(to);
      EXPECT_EQ(fewer.num_partitions(), std::min(n, to));
      EXPECT_EQ(fewer.collect(), input);
      const auto parts = fewer.glom().collect();
      EXPECT_EQ(parts.size(), static_cast<std::size_t>(std::min(n, to)));
    }
}

TEST_P(NarrowOperations, CoalesceWithAShuffleGrowsAndBalances) {
  const auto grown = ctx.parallelize(iota(100), 2).coalesce(5, true);
  EXPECT_EQ(grown.num_partitions(), 5);
  EXPECT_EQ(sorted(grown.collect()), iota(100));
  for (const auto& part : grown.glom().collect())
    EXPECT_EQ(part.size(), 20u);
}

TEST_P(NarrowOperations, CoalesceWhatAShuffleGave) {
  const auto shuffled = ctx.parallelize(iota(300), 7).repartition(10);
  const auto before = shuffled.collect();
  EXPECT_EQ(shuffled.coalesce(3).collect(), before);
  EXPECT_EQ(shuffled.coalesce(3).map([](long x) { return x; }).coalesce(1).collect(), before);
}

TEST_P(NarrowOperations, WorkOnNoPartitionAtAll) {
  const auto nothing = ctx.empty<long>();
  EXPECT_EQ(nothing.num_partitions(), 0);
  EXPECT_THAT(nothing.collect(), IsEmpty());
  EXPECT_THAT(nothing.map([](long x) { return x; }).filter([](long) { return true; }).collect(), IsEmpty());
  EXPECT_THAT(nothing.glom().collect(), IsEmpty());
  EXPECT_THAT(nothing.coalesce(4).collect(), IsEmpty());
  EXPECT_THAT(nothing.union_with(nothing).collect(), IsEmpty());
  EXPECT_THAT(nothing.union_with(ctx.parallelize(longs{1}, 1)).collect(), ElementsAre(1));
}

TEST_P(NarrowOperations, RefuseANumberOfPartitionsBelowOne) {
  const auto data = ctx.parallelize(longs{1}, 1);
  const auto refused = [](auto&& build) {
    try {
      build();
      return false;
    } catch (const error& e) {
      return e.code() == errc::invalid_argument;
    }
  };
  EXPECT_TRUE(refused([&] { data.coalesce(0); }));
  EXPECT_TRUE(refused([&] { data.coalesce(-1, true); }));
  EXPECT_TRUE(refused([&] { data.repartition(0); }));
  EXPECT_TRUE(refused([&] { data.repartition(-7); }));
  EXPECT_TRUE(refused([&] { ctx.parallelize(longs{1}, -1); }));
  EXPECT_TRUE(refused([&] { ctx.range(0, 10, 1, -1); }));
  EXPECT_TRUE(refused([&] { ctx.range(0, 10, 0); }));
  EXPECT_TRUE(refused([&] { numbered(longs{}), ctx.parallelize(pairs{}, 1).partition_by(0); }));
}

TEST_P(NarrowOperations, CountRangesAsLoopsDo) {
  EXPECT_EQ(ctx.range(0, 10).collect(), iota(10));
  EXPECT_THAT(ctx.range(5, 5).collect(), IsEmpty());
  EXPECT_THAT(ctx.range(6, 5).collect(), IsEmpty());
  EXPECT_THAT(ctx.range(10, 0, -3, 2).collect(), ElementsAre(10, 7, 4, 1));
  EXPECT_THAT(ctx.range(0, 7, 3, 5).collect(), ElementsAre(0, 3, 6));
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(ctx.range(most - 2, most, 1, 2).collect(), ElementsAre(most - 2, most - 1));
  EXPECT_THAT(ctx.range(least, least + 3, 2, 64).collect(), ElementsAre(least, least + 2));
  EXPECT_THAT(ctx.range(least, most, most, 3).collect(), ElementsAre(least, -1, most - 1));
  EXPECT_THAT(ctx.range(most, least, least, 3).collect(), ElementsAre(most, -1));
  for (int n : partition_counts)
    EXPECT_EQ(ctx.range(0, 10'000, 7, n).count(), 1429u);
}

} // namespace
} // namespace crema
