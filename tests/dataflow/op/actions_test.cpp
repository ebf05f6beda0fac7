#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/for_each.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/take.hpp"
#include "dataflow/op/to_local_iterator.hpp"
#include "dataflow/op/top.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace crema {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace crema::testing;

class Actions : public on_every_engine {
protected:
  template <class Check>
  void for_all_inputs(Check check) {
    for (int n : partition_counts)
      for (const auto& input : hostile_keys()) {
        SCOPED_TRACE(std::to_string(n) + " partitions, " + std::to_string(input.size()) + " records");
        check(input, ctx.parallelize(input, n));
      }
  }

  template <class Action>
  static errc failure_of(Action action) {
    try {
      action();
    } catch (const error& e) {
      return e.code();
    }
    return errc{};
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Actions, engine_shapes(), engine_name);

TEST_P(Actions, CollectAndCountEverything) {
  for_all_inputs([](const longs& input, const rdd<long>& data) {
    EXPECT_EQ(data.collect(), input);
    EXPECT_EQ(data.count(), input.size());
  });
}

TEST_P(Actions, TakeTheFirstInOrder) {
  for_all_inputs([](const longs& input, const rdd<long>& data) {
    for (std::size_t n : {0, 1, 2, 7, 150, 100'000})
      EXPECT_EQ(data.take(static_cast<std::int64_t>(n)),
                longs(input.begin(), input.begin() + static_cast<long>(std::min(n, input.size()))));
    EXPECT_THAT(data.take(-1), IsEmpty());
    EXPECT_EQ(data.take(std::numeric_limits<std::int64_t>::max()), input);
    if (!input.empty()) {
      EXPECT_EQ(data.first(), input.front());
    }
  });
}

TEST_P(Actions, TakeTheBestWithTiesInOrder) {
  for (int n : partition_counts)
    for (const auto& input : hostile_keys()) {
      const auto records = numbered(input);
      const rdd<std::pair<long, long>> data = ctx.parallelize(records, n);
      const auto rank = [](const std::pair<long, long>& r) { return r.first % 5; };
      auto up = records;
      auto down = records;
      std::stable_sort(up.begin(), up.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
      std::stable_sort(down.begin(), down.end(), [&](auto a, auto b) { return rank(a) > rank(b); });
      for (std::size_t wanted : {0, 1, 3, 50, 1000}) {
        const auto end = static_cast<long>(std::min(wanted, records.size()));
        EXPECT_EQ(data.take_ordered(static_cast<std::int64_t>(wanted), rank), pairs(up.begin(), up.begin() + end));
        EXPECT_EQ(data.top(static_cast<std::int64_t>(wanted), rank), pairs(down.begin(), down.begin() + end));
      }
      EXPECT_THAT(data.top(-1), IsEmpty());
      EXPECT_THAT(data.take_ordered(-1), IsEmpty());
    }
}

TEST_P(Actions, TakeNaNLastInEitherDirection) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> input{nan, 3, nan, 1, 2, nan, 5, nan, 4, nan, nan, 0};
  for (int n : partition_counts) {
    const rdd<double> data = ctx.parallelize(input, n);
    EXPECT_THAT(data.take_ordered(4), ElementsAre(0, 1, 2, 3)) << n;
    EXPECT_THAT(data.top(4), ElementsAre(5, 4, 3, 2)) << n;
    const auto all = data.top(100);
    ASSERT_EQ(all.size(), 12u);
    EXPECT_EQ(all[5], 0);
    EXPECT_TRUE(std::isnan(all[6]) && std::isnan(all[11]));
  }
}

TEST_P(Actions, ReduceInPartitionOrder) {
  for (int n : partition_counts) {
    words letters;
    std::string all;
    for (char c = 'a'; c <= 'z'; ++c) {
      letters.push_back(std::string(1, c));
      all += c;
    }
    const rdd<std::string> data = ctx.parallelize(letters, n);
    EXPECT_EQ(data.reduce(std::plus<>{}), all);
    EXPECT_EQ(data.fold("", std::plus<>{}), all);
    EXPECT_EQ(data.fold("|", std::plus<>{}).size(), 27u + static_cast<std::size_t>(n));
    EXPECT_EQ(data.sum(), all);
    EXPECT_EQ(data.aggregate(
                0L, [](long sum, const std::string& s) { return sum + s[0]; }, std::plus<>{}),
              std::accumulate(all.begin(), all.end(), 0L));
  }
}

TEST_P(Actions, UseTheZeroOfAFoldOncePerPartitionAndOnceMore) {
  const auto data = ctx.parallelize(longs{1, 2, 3, 4}, 2);
  EXPECT_EQ(data.fold(10, std::plus<>{}), 40);
  EXPECT_EQ(data.aggregate(10L, std::plus<>{}, std::plus<>{}), 40);
  EXPECT_EQ(ctx.parallelize(longs{1, 2, 3, 4}, 1).fold(10, std::plus<>{}), 30);
  EXPECT_EQ(ctx.parallelize(longs{}, 3).fold(10, std::plus<>{}), 40);
  EXPECT_EQ(ctx.empty<long>().fold(10, std::plus<>{}), 10);
}

TEST_P(Actions, AggregateByAStepThatChangesItsStateInPlace) {
  for_all_inputs([](const longs& input, const rdd<long>& data) {
    const auto all = data.aggregate(
      longs{}, [](longs& list, long x) { list.push_back(x); },
      [](longs a, const longs& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
      });
    EXPECT_EQ(all, input);
  });
}

TEST_P(Actions, SumInPartitionOrderAlsoFloats) {
  std::vector<double> input;
  for (long x : scattered(1000, 1'000'000))
    input.push_back(static_cast<double>(x) / 7);
  for (int n : partition_counts) {
    const rdd<double> data = ctx.parallelize(input, n);
    double expected = 0;
    for (int p = 0; p != n; ++p) {
      double part = 0;
      for (auto i = 1000 * p / n; i != 1000 * (p + 1) / n; ++i)
        part += input[static_cast<std::size_t>(i)];
      expected += part;
    }
    EXPECT_EQ(data.sum(), expected);
  }
  EXPECT_EQ(ctx.parallelize(std::vector<signed char>(1000, 100), 5).sum(), 100'000);
  EXPECT_EQ(ctx.parallelize(std::vector<unsigned>(3, 4'000'000'000u), 2).sum(), 12'000'000'000u);
  EXPECT_EQ(ctx.parallelize(longs{}, 3).sum(), 0);
  EXPECT_EQ(ctx.empty<double>().sum(), 0.0);
}

TEST_P(Actions, FindTheLeastAndTheGreatestAndTheFirstOfEqualOnes) {
  for_all_inputs([](const longs& input, const rdd<long>& data) {
    if (input.empty())
      return;
    EXPECT_EQ(data.min(), *std::min_element(input.begin(), input.end()));
    EXPECT_EQ(data.max(), *std::max_element(input.begin(), input.end()));
  });
  const std::vector<std::pair<long, long>> ties{{1, 0}, {2, 1}, {1, 2}, {2, 3}};
  for (int n : partition_counts) {
    const auto data = ctx.parallelize(ties, n);
    EXPECT_EQ(data.min([](const auto& r) { return r.first; }).second, 0);
    EXPECT_EQ(data.max([](const auto& r) { return r.first; }).second, 1);
  }
  EXPECT_EQ(ctx.parallelize(words{"b", "a", "c"}, 2).max(), "c");
}

TEST_P(Actions, IgnoreNaNInMinAndMaxWhereverItStands) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> input{nan, 1.0, 2.0};
  std::sort(input.begin() + 1, input.end());
  for (const auto& order : std::vector<std::vector<double>>{{nan, 1, 2}, {1, nan, 2}, {2, 1, nan}, {nan, 2, 1}})
    for (int n : partition_counts) {
      EXPECT_EQ(ctx.parallelize(order, n).min(), 1.0);
      EXPECT_EQ(ctx.parallelize(order, n).max(), 2.0);
    }
  EXPECT_TRUE(std::isnan(ctx.parallelize(std::vector{nan, nan}, 2).min()));
}

TEST_P(Actions, RefuseAnEmptyDatasetWhereThereIsNoAnswer) {
  for (const auto& data : {ctx.empty<long>(), ctx.parallelize(longs{}, 1), ctx.parallelize(longs{}, 64)}) {
    EXPECT_EQ(failure_of([&] { data.first(); }), errc::empty_collection);
    EXPECT_EQ(failure_of([&] { data.reduce(std::plus<>{}); }), errc::empty_collection);
    EXPECT_EQ(failure_of([&] { data.min(); }), errc::empty_collection);
    EXPECT_EQ(failure_of([&] { data.max(); }), errc::empty_collection);
    EXPECT_EQ(data.count(), 0u);
    EXPECT_THAT(data.collect(), IsEmpty());
    EXPECT_THAT(data.take(3), IsEmpty());
    EXPECT_THAT(data.top(3), IsEmpty());
  }
  EXPECT_EQ(ctx.parallelize(longs{1}, 1).first(), 1) << "the context must stay usable";
}

TEST_P(Actions, RunForEachOnEveryRecordAndPartition) {
  for_all_inputs([this](const longs& input, const rdd<long>& data) {
    const auto sum = ctx.accumulator(0L);
    const auto parts = ctx.accumulator(0L);
    data.for_each([sum](long x) { sum.add(x); });
    EXPECT_EQ(sum.value(), std::accumulate(input.begin(), input.end(), 0L));
    data.for_each_partition([sum, parts](auto& records) {
      parts.add(1);
      for (long x : records)
        sum.add(-x);
    });
    EXPECT_EQ(sum.value(), 0);
    EXPECT_EQ(parts.value(), data.num_partitions());
  });
}

TEST_P(Actions, IterateLocallyInOrder) {
  for_all_inputs([](const longs& input, const rdd<long>& data) {
    longs seen;
    for (long x : data.to_local_iterator())
      seen.push_back(x);
    EXPECT_EQ(seen, input);
  });
  longs seen;
  for (long x : ctx.empty<long>().to_local_iterator())
    seen.push_back(x);
  EXPECT_THAT(seen, IsEmpty());
}

TEST_P(Actions, MayAbandonALocalIteratorAnywhere) {
  for (long stop : {0L, 1L, 1000L, 99'999L}) {
    auto records = ctx.range(0, 1'000'000, 1, 5).to_local_iterator();
    long seen = 0;
    if (stop != 0)
      for (long x : records) {
        EXPECT_EQ(x, seen);
        if (++seen == stop)
          break;
      }
  }
  EXPECT_EQ(ctx.range(0, 10).count(), 10u);
}

TEST_P(Actions, LetALocalIteratorMoveRecordsOutButNotOfASharedBlock) {
  const auto words_of = ctx.parallelize(words{"a long enough string to live on the heap", "another one of these"}, 2);
  for (int round = 0; round != 2; ++round) {
    words taken;
    for (auto& word : words_of.to_local_iterator())
      taken.push_back(std::move(word));
    EXPECT_EQ(taken, words_of.collect());
  }
}

TEST_P(Actions, ReturnAJobThatCanBeAsked) {
  auto job = ctx.range(0, 100'000, 1, 5).map([](long x) { return x % 10; }).collect_async();
  EXPECT_EQ(job.get().size(), 100'000u);
  EXPECT_TRUE(job.ready());
  EXPECT_EQ(job.progress().fraction(), 1.0);
  const auto metrics = job.metrics();
  EXPECT_EQ(metrics.action, "collect");
  ASSERT_EQ(metrics.stages.size(), 1u);
  EXPECT_EQ(metrics.stages[0].tasks, 5);
  EXPECT_EQ(metrics.stages[0].total.rows, 100'000u);
  EXPECT_TRUE(metrics.failure.empty());
}

} // namespace
} // namespace crema
