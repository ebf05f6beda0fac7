#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/function/capture.hpp"
#include "dataflow/op/coalesce.hpp"
#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/take.hpp"
#include "dataflow/op/union_with.hpp"
#include "dataflow/op/zip_with_index.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <utility>

// When user functions run, and how often: nothing runs while a plan is built, and what two branches of an action share
// runs once in it.

namespace crema {
namespace {

using ::testing::ElementsAre;
using namespace crema::testing;

/// A function that gives x, and counts its calls wherever they are made.
class counter {
public:
  explicit counter(const context& of) : calls_{of.accumulator(0L)} {}

  auto counting() const {
    return [calls = calls_](long x) {
      calls.add(1);
      return x;
    };
  }

  /// Since this was asked last.
  long calls() {
    const auto all = calls_.value();
    return all - std::exchange(seen_, all);
  }

private:
  accumulator<long> calls_;
  long seen_ = 0;
};

class Sharing : public on_every_engine {
protected:
  auto counting() const { return here_.counting(); }
  long calls() { return here_.calls(); }

private:
  counter here_{ctx};
};
INSTANTIATE_TEST_SUITE_P(Engines, Sharing, engine_shapes(), engine_name);

/// What caches take of the memory of this process.
class CachesHere : public Sharing {};
INSTANTIATE_TEST_SUITE_P(Engines, CachesHere, local_engine_shapes(), engine_name);

TEST_P(Sharing, BuildingCallsNothing) {
  const auto touch = counting();
  const auto a = ctx.parallelize(iota(10), 3).map(touch);
  const auto keyed = a.key_by(touch);
  const auto b =
    a.filter([touch](long x) { return touch(x) > 3; }).flat_map([touch](long x) { return longs{touch(x)}; });
  const auto c = keyed.reduce_by_key([touch](long x, long y) { return touch(x) + y; });
  const auto d = a.sort_by(touch).zip_with_index();
  const auto e = keyed.join(c).union_with(keyed.join(c));
  const auto f = b.repartition(4).coalesce(2).distinct().cache();
  const auto g = keyed.partition_by(3, touch).group_by_key().cogroup(keyed);
  const auto h = a.map_partitions([touch](auto& records) {
    longs out;
    for (long x : records)
      out.push_back(touch(x));
    return out;
  });
  EXPECT_EQ(calls(), 0);
  EXPECT_FALSE((d.explain() + e.explain() + f.explain() + g.explain() + h.explain()).empty());
  EXPECT_EQ(calls(), 0) << "explain must not compute";
}

TEST_P(Sharing, ABranchHeldAsAutoRunsOnce) {
  for (int n : partition_counts) {
    const auto parent = ctx.parallelize(iota(100), n).map(counting());
    const auto up = parent.map([](long x) { return x + 1; });
    const auto down = parent.map([](long x) { return x - 1; });
    EXPECT_EQ(up.union_with(down).count(), 200u);
    EXPECT_EQ(calls(), 100) << n;
  }
}

TEST_P(Sharing, ABranchHeldAsRddRunsOnce) {
  for (int n : partition_counts) {
    const rdd<long> parent = ctx.parallelize(iota(100), n).map(counting());
    const rdd<long> up = parent.map([](long x) { return x + 1; });
    const rdd<long> down = parent.map([](long x) { return x - 1; });
    longs expected;
    for (long x = 0; x != 100; ++x)
      expected.push_back(x + 1);
    for (long x = 0; x != 100; ++x)
      expected.push_back(x - 1);
    EXPECT_EQ(up.union_with(down).collect(), expected);
    EXPECT_EQ(calls(), 100) << n;
  }
}

TEST_P(Sharing, AUnionWithItselfRunsOnce) {
  const auto parent = ctx.parallelize(iota(50), 5).map(counting());
  EXPECT_EQ(parent.union_with(parent).collect().size(), 100u);
  EXPECT_EQ(calls(), 50);
  rdd<long> doubled = parent;
  for (int i = 0; i != 6; ++i)
    doubled = doubled.union_with(doubled);
  EXPECT_EQ(doubled.count(), 50u * 64u);
  EXPECT_EQ(calls(), 50);
}

TEST_P(Sharing, ASelfJoinRunsItsParentOnce) {
  for (int n : partition_counts) {
    const auto keyed = ctx.parallelize(iota(60), n).map(counting()).key_by([](long x) { return x % 7; });
    EXPECT_GT(keyed.join(keyed).count(), 60u);
    EXPECT_EQ(calls(), 60) << n;
    EXPECT_EQ(keyed.cogroup(keyed).count(), 7u);
    EXPECT_EQ(calls(), 60) << n;
  }
}

TEST_P(Sharing, ADiamondOverAShuffleRunsItOnce) {
  for (int n : partition_counts) {
    const auto sums = ctx.parallelize(iota(200), n)
                        .map(counting())
                        .key_by([](long x) { return x % 10; })
                        .reduce_by_key(std::plus<>{}, 4);
    const auto left = sums.map_values([](long x) { return x + 1; });
    const auto right = sums.map_values([](long x) { return x - 1; });
    const auto joined = left.join(right).collect();
    EXPECT_EQ(joined.size(), 10u);
    for (const auto& [key, both] : joined)
      EXPECT_EQ(both.first - both.second, 2);
    EXPECT_EQ(calls(), 200) << n;
  }
}

TEST_P(Sharing, DiamondsOfDiamondsRunOnce) {
  rdd<long> level = ctx.parallelize(iota(20), 2).map(counting());
  for (int depth = 0; depth != 8; ++depth) {
    const rdd<long> up = level.map([](long x) { return x + 1; });
    const rdd<long> down = level.map([](long x) { return x - 1; });
    level = up.union_with(down).coalesce(2);
  }
  EXPECT_EQ(level.count(), 20u * 256u);
  EXPECT_EQ(calls(), 20);
}

TEST_P(Sharing, ASortAndItsParentTogetherRunTheParentOnce) {
  const auto data = ctx.parallelize(scattered(100, 50), 5).map(counting());
  const auto sorted_too = data.sort_by(std::identity{}).union_with(data);
  EXPECT_EQ(sorted_too.count(), 200u);
  EXPECT_EQ(calls(), 100);
  EXPECT_EQ(data.zip_with_index().keys().union_with(data).count(), 200u);
  EXPECT_EQ(calls(), 100);
}

TEST_P(Sharing, EveryActionComputesAgainUnlessCached) {
  const auto data = ctx.parallelize(iota(4), 2).map(counting());
  data.collect();
  data.collect();
  EXPECT_EQ(calls(), 8);
}

TEST_P(Sharing, ASortReadsItsInputOnce) {
  for (int n : partition_counts) {
    EXPECT_EQ(ctx.parallelize(scattered(100, 50), n).map(counting()).sort_by(std::identity{}, {}, 5).count(), 100u);
    EXPECT_EQ(calls(), 100);
    EXPECT_EQ(ctx.parallelize(iota(100), n).map(counting()).zip_with_index().count(), 100u);
    EXPECT_EQ(calls(), 100);
  }
}

TEST_P(Sharing, TakeComputesNoMoreThanItMust) {
  const auto data = ctx.parallelize(iota(100), 10).map(counting());
  EXPECT_EQ(data.first(), 0);
  EXPECT_EQ(calls(), 1);
  EXPECT_EQ(data.take(3).size(), 3u);
  EXPECT_EQ(calls(), 3);
  EXPECT_EQ(data.take(10).size(), 10u);
  EXPECT_EQ(calls(), 10);
  EXPECT_EQ(data.take(15).size(), 15u);
  EXPECT_LE(calls(), 20);
  EXPECT_EQ(data.take(0).size(), 0u);
  EXPECT_EQ(calls(), 0);
  EXPECT_EQ(data.take(100).size(), 100u);
  EXPECT_EQ(calls(), 100);
  EXPECT_EQ(data.filter([](long x) { return x >= 30; }).first(), 30);
  EXPECT_LE(calls(), 60);
}

TEST_P(Sharing, TakeSkipsEmptyPartitions) {
  EXPECT_EQ(ctx.parallelize(longs{1, 2}, 64).first(), 1);
  EXPECT_THAT(ctx.parallelize(iota(100), 64).filter([](long x) { return x > 90; }).take(3), ElementsAre(91, 92, 93));
}

// -- caches -----------------------------------------------------------------------------------------------------------

TEST_P(Sharing, ACacheIsLazyAndFilledByThePartition) {
  const auto data = ctx.parallelize(iota(4), 2).map(counting()).cache();
  EXPECT_EQ(calls(), 0);
  EXPECT_EQ(data.first(), 0);
  EXPECT_EQ(calls(), 2) << "exactly one partition";
  EXPECT_EQ(data.collect(), iota(4));
  EXPECT_EQ(calls(), 2) << "the other partition";
  EXPECT_EQ(data.collect(), iota(4));
  EXPECT_EQ(data.count(), 4u);
  EXPECT_EQ(calls(), 0);
}

TEST_P(Sharing, ACacheMarksTheDatasetAndNotAHandle) {
  const auto data = ctx.parallelize(iota(10), 2).map(counting());
  data.cache();
  data.count();
  data.map([](long x) { return x; }).count();
  EXPECT_EQ(calls(), 10);
}

TEST_P(Sharing, ACacheKeepsEmptyPartitionsToo) {
  const auto none = ctx.parallelize(iota(10), 2).map(counting()).filter([](long x) { return x > 6; }).cache();
  EXPECT_THAT(none.collect(), ElementsAre(7, 8, 9));
  EXPECT_THAT(none.collect(), ElementsAre(7, 8, 9));
  EXPECT_EQ(calls(), 10);
}

TEST_P(CachesHere, GiveTheirMemoryBackWhenUnpersisted) {
  const auto data = ctx.parallelize(iota(4), 2).map([](long x) { return x + 1; }).cache();
  data.collect();
  const auto used = ctx.memory_used();
  data.unpersist();
  EXPECT_LT(ctx.memory_used(), used);
}

TEST_P(Sharing, UnpersistForgetsAndComputesAgain) {
  const auto data = ctx.parallelize(iota(4), 2).map(counting()).map([](long x) { return x + 1; }).cache();
  data.collect();
  data.unpersist();
  EXPECT_THAT(data.collect(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(data.collect(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(calls(), 12);
  data.cache();
  data.collect();
  data.collect();
  EXPECT_EQ(calls(), 4) << "it may be cached again";
}

TEST_P(Sharing, ACacheOnDiskHoldsNoMemory) {
  const auto data = ctx.range(0, 200'000, 1, 4).map(counting()).persist(storage::disk);
  EXPECT_EQ(data.count(), 200'000u);
  EXPECT_LT(ctx.memory_used(), 100'000u);
  EXPECT_EQ(data.map([](long x) { return x % 2; }).filter([](long x) { return x == 1; }).count(), 100'000u);
  EXPECT_EQ(data.take(3), iota(3));
  EXPECT_EQ(calls(), 200'000);
}

TEST_P(Sharing, ACacheLargerThanTheBudgetGoesToDisk) {
  context small = make_context(GetParam(), std::size_t{1} << 20);
  counter there{small};
  const auto data = small.range(0, 1'000'000, 1, 4).map(there.counting()).cache();
  EXPECT_EQ(data.count(), 1'000'000u);
  EXPECT_LE(small.memory_used(), small.memory_limit());
  EXPECT_EQ(data.map([](long x) { return x; }).count(), 1'000'000u);
  EXPECT_EQ(there.calls(), 1'000'000);
}

TEST_P(CachesHere, GiveTheirMemoryBackWithTheirDataset) {
  const auto before = ctx.memory_used();
  {
    const auto data = ctx.range(0, 100'000, 1, 4).map([](long x) { return x; }).cache();
    data.count();
    EXPECT_GT(ctx.memory_used(), before);
  }
  EXPECT_EQ(ctx.memory_used(), before);
}

TEST_P(Sharing, ACacheInTheMiddleCutsTheLineage) {
  const auto middle = ctx.parallelize(iota(100), 5).map(counting()).cache();
  const auto sums = middle.key_by([](long x) { return x % 3; }).reduce_by_key(std::plus<>{});
  EXPECT_EQ(sums.count(), 3u);
  EXPECT_EQ(sums.join(middle.key_by([](long x) { return x; })).count(), 3u);
  EXPECT_EQ(calls(), 100);
}

TEST_P(Sharing, ACacheOfAShuffleKeepsItsResult) {
  const auto sums = ctx.parallelize(iota(100), 5)
                      .map(counting())
                      .key_by([](long x) { return x % 3; })
                      .reduce_by_key(std::plus<>{})
                      .cache();
  for (int round = 0; round != 3; ++round)
    EXPECT_EQ(sums.count(), 3u);
  EXPECT_EQ(sums.join(sums).count(), 3u);
  EXPECT_EQ(calls(), 100);
}

TEST_P(Sharing, AFailedJobLeavesNoHalfPartitionInACache) {
  const temporary_directory scratch;
  const auto fails = scratch.file("fails");
  const auto data = ctx.parallelize(iota(100), 1)
                      .map(capture(fails,
                                   [](const std::string& while_there, long x) {
                                     if (x == 50 && std::filesystem::exists(while_there))
                                       throw std::runtime_error{"half"};
                                     return x;
                                   }))
                      .cache();
  EXPECT_THROW(data.collect(), error);
  std::filesystem::remove(fails);
  EXPECT_EQ(data.collect(), iota(100));
}

TEST_P(Sharing, PersistingWhileAJobRunsDoesNotDisturbIt) {
  const auto data = ctx.range(0, 200'000, 1, 8).map([](long x) { return x; }).cache();
  auto job = data.map([](long x) { return x % 7; }).collect_async();
  data.unpersist();
  data.cache();
  EXPECT_EQ(data.count(), 200'000u);
  data.unpersist();
  EXPECT_EQ(job.get().size(), 200'000u);
}

} // namespace
} // namespace crema
