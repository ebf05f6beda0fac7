#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/union_with.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <sys/resource.h>

namespace crema {
namespace {

using namespace crema::testing;

/// Where workers are not processes: what is tried here are plans, and large ones take long to send.
class LongLineages : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, LongLineages, engine_shapes_without([](const engine_shape& shape) {
                           return shape.away >= distance::processes;
                         }),
                         engine_name);

/// Of functions that cannot leave this process.
class LongLineagesHere : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, LongLineagesHere, local_engine_shapes(), engine_name);

TEST_P(LongLineages, OfTenThousandMapsBuildRunAndEnd) {
  rdd<long> data = ctx.parallelize(iota(10), 3);
  for (int i = 0; i != 10'000; ++i)
    data = data.map([](long x) { return x + 1; });
  longs expected;
  for (long x = 0; x != 10; ++x)
    expected.push_back(x + 10'000);
  EXPECT_EQ(data.collect(), expected);
  EXPECT_EQ(data.sum(), 100'045);
}

TEST_P(LongLineages, OfTenThousandUnionsBuildRunAndEnd) {
  const rdd<long> one = ctx.parallelize(longs{1}, 1);
  rdd<long> data = one;
  for (int i = 0; i != 9'999; ++i)
    data = data.union_with(one);
  EXPECT_EQ(data.num_partitions(), 10'000);
  EXPECT_EQ(data.sum(), 10'000);
}

TEST_P(LongLineages, ExplainThemselves) {
  rdd<long> data = ctx.parallelize(iota(10), 2);
  for (int i = 0; i != 10'000; ++i)
    data = data.map([](long x) { return x; });
  const auto text = data.explain();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10'003);
}

TEST_P(LongLineages, OfAHundredShufflesRun) {
  rdd<std::pair<long, long>> data = ctx.parallelize(numbered(iota(20)), 3);
  for (int i = 0; i != 100; ++i)
    data = data.map([](const std::pair<long, long>& r) {
                 return std::pair{(r.first * 3 + 1) % 20, r.second};
               })
             .reduce_by_key(std::plus<>{});
  EXPECT_EQ(data.values().sum(), 190);
}

TEST_P(LongLineages, GrowByIterationWithACacheInEachRound) {
  rdd<long> data = ctx.parallelize(iota(10), 2);
  for (int i = 0; i != 300; ++i) {
    const rdd<long> next = data.map([](long x) { return x + 1; }).cache();
    EXPECT_EQ(next.count(), 10u);
    data.unpersist();
    data = next;
  }
  EXPECT_EQ(data.sum(), 3'045);
}

TEST_P(LongLineagesHere, LeaveNothingBehind) {
  const auto token = std::make_shared<int>(0);
  {
    rdd<long> data = ctx.parallelize(iota(4), 2);
    for (int i = 0; i != 1'000; ++i)
      data = data.map([token](long x) { return x; });
    EXPECT_EQ(data.count(), 4u);
    EXPECT_EQ(token.use_count(), 1'001);
  }
  EXPECT_EQ(token.use_count(), 1) << "nodes or tasks are still alive";
}

TEST_P(LongLineages, WithManyPartitionsRun) {
  const auto data = ctx.range(0, 20'000, 1, 5'000).map([](long x) { return x; });
  EXPECT_EQ(data.sum(), 199'990'000);
  EXPECT_EQ(data.cache().count(), 20'000u);
  EXPECT_EQ(data.count(), 20'000u);
}

} // namespace
} // namespace crema
