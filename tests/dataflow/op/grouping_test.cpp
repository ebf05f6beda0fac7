#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/keyed.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace crema {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace crema::testing;

using keyed_longs = rdd<std::pair<long, long>>;
using joined = std::vector<std::pair<long, std::pair<long, long>>>;

class Grouping : public on_every_engine {
protected:
  static std::map<long, longs> groups_of(const rdd<std::pair<long, group<long>>>& data) {
    std::map<long, longs> found;
    for (const auto& [key, values] : data.collect()) {
      EXPECT_FALSE(found.contains(key)) << key;
      EXPECT_FALSE(values.empty());
      found[key] = sorted(values.to_vector());
    }
    return found;
  }

  static joined nested_loop_join(const pairs& left, const pairs& right) {
    joined all;
    for (const auto& [k, v] : left)
      for (const auto& [l, w] : right)
        if (k == l)
          all.push_back({k, {v, w}});
    return sorted(all);
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Grouping, engine_shapes(), engine_name);

TEST_P(Grouping, CollectsTheValuesOfEachKey) {
  for (int n : partition_counts)
    for (const auto& keys : hostile_keys()) {
      const auto records = numbered(keys);
      EXPECT_EQ(groups_of(ctx.parallelize(records, n).group_by_key()), grouped(records));
      EXPECT_EQ(groups_of(ctx.parallelize(records, n).group_by_key(3)), grouped(records));
    }
}

TEST_P(Grouping, GivesGroupsThatMayBeReadAgain) {
  const auto sizes = ctx.parallelize(numbered(longs(1000, 1)), 5).group_by_key().map_values([](const group<long>& g) {
    long twice = 0;
    for (int round = 0; round != 2; ++round)
      for (long v : g)
        twice += v;
    return twice;
  });
  EXPECT_THAT(sizes.collect(), ElementsAre(std::pair{1L, 2 * 499'500L}));
}

TEST_P(Grouping, CogroupsBothSides) {
  for (int n : partition_counts)
    for (const auto& keys : hostile_keys()) {
      const auto left = numbered(keys);
      const auto right = numbered(longs{5, 7, 7, 100, 2, -3});
      std::map<long, std::pair<longs, longs>> expected;
      for (const auto& [k, v] : left)
        expected[k].first.push_back(v);
      for (const auto& [k, w] : right)
        expected[k].second.push_back(w);
      std::map<long, std::pair<longs, longs>> found;
      for (const auto& [k, both] : ctx.parallelize(left, n).cogroup(ctx.parallelize(right, 3)).collect()) {
        EXPECT_FALSE(found.contains(k));
        found[k] = {sorted(both.first.to_vector()), sorted(both.second.to_vector())};
      }
      EXPECT_EQ(found, expected);
    }
}

TEST_P(Grouping, JoinsAsTheCrossProductOfEachKey) {
  for (int n : partition_counts)
    for (const auto& keys : hostile_keys())
      for (const auto& others : {longs{}, longs{7}, longs{1, 1, 5, 2, -3, 5, 9}}) {
        SCOPED_TRACE(n);
        const auto left = numbered(keys);
        const auto right = numbered(others);
        const keyed_longs a = ctx.parallelize(left, n);
        const keyed_longs b = ctx.parallelize(right, 3);
        EXPECT_EQ(sorted(a.join(b).collect()), nested_loop_join(left, right));
        EXPECT_EQ(sorted(b.join(a, 2).collect()), nested_loop_join(right, left));
      }
}

TEST_P(Grouping, JoinsOneHotKeyOnBothSides) {
  const auto a = ctx.parallelize(numbered(longs(300, 4)), 5);
  const auto b = ctx.parallelize(numbered(longs(200, 4)), 3);
  EXPECT_EQ(a.join(b).count(), 60'000u);
  const auto all = a.join(b).values().collect();
  EXPECT_EQ((std::set<std::pair<long, long>>(all.begin(), all.end()).size()), 60'000u);
}

TEST_P(Grouping, JoinsADatasetWithItself) {
  for (int n : partition_counts) {
    const auto records = numbered(scattered(100, 12));
    const keyed_longs data = ctx.parallelize(records, n).map_values([](long v) { return v; });
    EXPECT_EQ(sorted(data.join(data).collect()), nested_loop_join(records, records));
    EXPECT_EQ(data.cogroup(data).count(), grouped(records).size());
  }
}

TEST_P(Grouping, JoinsWhatAJoinGave) {
  const auto records = numbered(scattered(60, 12));
  const keyed_longs data = ctx.parallelize(records, 5);
  const auto sums = [](const std::pair<long, long>& both) { return both.first + both.second; };
  const keyed_longs once = data.join(data).map_values(sums);
  pairs expected_once;
  for (const auto& [k, both] : nested_loop_join(records, records))
    expected_once.emplace_back(k, sums(both));
  EXPECT_EQ(sorted(once.join(data).collect()), nested_loop_join(expected_once, records));
  EXPECT_EQ(sorted(once.join(once).collect()), nested_loop_join(expected_once, expected_once));
}

TEST_P(Grouping, TreatsNaNAlikeWhateverTheNumberOfItsRecords) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto once = ctx.parallelize(std::vector<std::pair<double, long>>{{nan, 1}, {-0.0, 2}}, 2);
  const auto twice = ctx.parallelize(std::vector<std::pair<double, long>>{{nan, 3}, {nan, 4}, {0.0, 5}}, 2);
  EXPECT_EQ(once.group_by_key().count(), 2u);
  EXPECT_EQ(twice.group_by_key().count(), 2u);
  EXPECT_EQ(once.cogroup(twice).count(), 2u);
  EXPECT_EQ(once.join(once).count(), 2u);
  EXPECT_EQ(once.join(twice).count(), 3u);
  EXPECT_EQ(twice.join(twice).count(), 5u);
}

TEST_P(Grouping, WorksOnNothing) {
  const auto nothing = ctx.empty<std::pair<long, long>>();
  const keyed_longs some = ctx.parallelize(numbered(iota(5)), 2);
  EXPECT_THAT(nothing.group_by_key().collect(), IsEmpty());
  EXPECT_THAT(nothing.join(some).collect(), IsEmpty());
  EXPECT_THAT(some.join(nothing).collect(), IsEmpty());
  EXPECT_THAT(nothing.join(nothing).collect(), IsEmpty());
  EXPECT_EQ(nothing.cogroup(some).count(), 5u);
  EXPECT_THAT(nothing.cogroup(nothing).collect(), IsEmpty());
}

TEST_P(Grouping, TakesTheLargerNumberOfPartitionsUnlessTold) {
  const keyed_longs a = ctx.parallelize(pairs{}, 2);
  const keyed_longs b = ctx.parallelize(pairs{}, 7);
  EXPECT_EQ(a.join(b).num_partitions(), 7);
  EXPECT_EQ(b.cogroup(a).num_partitions(), 7);
  EXPECT_EQ(a.join(b, 3).num_partitions(), 3);
  EXPECT_EQ(a.group_by_key().num_partitions(), 2);
  EXPECT_THROW(a.join(b, -1), error);
  EXPECT_THROW(a.group_by_key(-1), error);
}

TEST(Groups, OutliveTheirContext) {
  std::vector<std::pair<long, group<std::string>>> large;
  {
    context ctx = make_context({"inline", 0}, std::size_t{1} << 20);
    std::vector<std::pair<long, std::string>> records(400, {1, std::string(10'000, 'v')});
    large = ctx.parallelize(records, 2).group_by_key().collect();
  }
  ASSERT_EQ(large.size(), 1u);
  std::size_t bytes = 0;
  for (const auto& value : large.front().second)
    bytes += value.size();
  EXPECT_EQ(bytes, 4'000'000u);
}

} // namespace
} // namespace crema
