#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/map.hpp"

#include <gmock/gmock.h>

// Keys of a user's type whose hashes all collide: only operator== tells them apart.

namespace crema {
namespace {

struct colliding {
  long id = 0;
  bool operator==(const colliding&) const = default;
  auto operator<=>(const colliding&) const = default;
};
std::uint64_t hash_value(const colliding&) {
  return 42;
}

using namespace crema::testing;

using record = std::pair<colliding, long>;

std::vector<record> keyed(const longs& keys) {
  std::vector<record> records;
  for (std::size_t i = 0; i != keys.size(); ++i)
    records.emplace_back(colliding{keys[i]}, static_cast<long>(i));
  return records;
}

class CollidingKeys : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, CollidingKeys, engine_shapes(), engine_name);

TEST_P(CollidingKeys, AreKeptApartByReduce) {
  const auto records = keyed(scattered(400, 30));
  std::map<colliding, long> expected;
  for (const auto& [k, v] : records)
    expected[k] += v;
  for (int n : partition_counts)
    EXPECT_EQ(sorted(ctx.parallelize(records, n).reduce_by_key(std::plus<>{}).collect()),
              std::vector<record>(expected.begin(), expected.end()));
}

TEST_P(CollidingKeys, AreKeptApartByGroup) {
  const auto records = keyed(scattered(400, 30));
  std::map<colliding, longs> expected;
  for (const auto& [k, v] : records)
    expected[k].push_back(v);
  for (int n : partition_counts) {
    std::map<colliding, longs> found;
    for (const auto& [k, values] : ctx.parallelize(records, n).group_by_key().collect()) {
      EXPECT_FALSE(found.contains(k));
      found[k] = sorted(values.to_vector());
    }
    EXPECT_EQ(found, expected);
  }
}

TEST_P(CollidingKeys, AreKeptApartByJoinAndCogroup) {
  const auto left = keyed({1, 2, 3, 3, 5});
  const auto right = keyed({3, 3, 2, 9});
  for (int n : partition_counts) {
    const auto a = ctx.parallelize(left, n);
    const auto b = ctx.parallelize(right, 2);
    std::vector<std::tuple<long, long, long>> joined;
    for (const auto& [k, both] : a.join(b).collect())
      joined.emplace_back(k.id, both.first, both.second);
    EXPECT_EQ(sorted(joined),
              (std::vector<std::tuple<long, long, long>>{{2, 1, 2}, {3, 2, 0}, {3, 2, 1}, {3, 3, 0}, {3, 3, 1}}));
    std::vector<std::tuple<long, longs, longs>> groups;
    for (const auto& [k, both] : a.cogroup(b).collect())
      groups.emplace_back(k.id, sorted(both.first.to_vector()), sorted(both.second.to_vector()));
    EXPECT_EQ(sorted(groups), (std::vector<std::tuple<long, longs, longs>>{
                                {1, {0}, {}}, {2, {1}, {2}}, {3, {2, 3}, {0, 1}}, {5, {4}, {}}, {9, {}, {3}}}));
  }
}

TEST_P(CollidingKeys, AreKeptApartByDistinct) {
  std::vector<colliding> keys;
  for (long id : scattered(300, 25))
    keys.push_back({id});
  const std::set<colliding> expected(keys.begin(), keys.end());
  for (int n : partition_counts)
    EXPECT_EQ(sorted(ctx.parallelize(keys, n).distinct().collect()),
              std::vector<colliding>(expected.begin(), expected.end()));
}

} // namespace
} // namespace crema
