#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/zip_with_index.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace crema {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace crema::testing;

class Ordering : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, Ordering, engine_shapes(), engine_name);

TEST_P(Ordering, SortsNumbers) {
  for (int n : partition_counts)
    for (const auto& input : hostile_keys()) {
      SCOPED_TRACE(std::to_string(n) + " partitions, " + std::to_string(input.size()) + " records");
      auto descending = sorted(input);
      std::reverse(descending.begin(), descending.end());
      const rdd<long> data = ctx.parallelize(input, n);
      EXPECT_EQ(data.sort_by(std::identity{}).collect(), sorted(input));
      EXPECT_EQ(data.sort_by([](long x) { return x; }, std::greater<>{}).collect(), descending);
      EXPECT_EQ(data.sort_by(std::identity{}, std::less<>{}, 3).collect(), sorted(input));
      EXPECT_EQ(data.sort_by(std::identity{}).num_partitions(), n);
    }
}

TEST_P(Ordering, SortsStably) {
  for (int n : partition_counts)
    for (const auto& input : hostile_keys()) {
      auto expected = numbered(input);
      std::stable_sort(expected.begin(), expected.end(), [](auto a, auto b) { return a.first % 4 < b.first % 4; });
      const auto data = ctx.parallelize(numbered(input), n);
      EXPECT_EQ(data.sort_by([](const auto& r) { return r.first % 4; }, {}, 5).collect(), expected) << n;
    }
}

TEST_P(Ordering, SortsStablyWhenDescendingAndByAnyComparator) {
  const auto records = numbered(scattered(700, 9));
  auto descending = records;
  std::stable_sort(descending.begin(), descending.end(), [](auto a, auto b) { return a.first > b.first; });
  for (int n : partition_counts) {
    const auto data = ctx.parallelize(records, n);
    EXPECT_EQ(data.sort_by_key(std::greater<>{}).collect(), descending);
    EXPECT_EQ(data.sort_by_key([](long a, long b) { return a > b; }, 7).collect(), descending);
  }
}

TEST_P(Ordering, SortsStringsByTheirBytes) {
  words input;
  for (long x : scattered(500, 60))
    input.push_back("a common prefix " + std::string(static_cast<std::size_t>(x % 7), 'x') + std::to_string(x));
  input.push_back("");
  input.push_back("\xff");
  input.push_back(std::string("\0", 1));
  for (int n : partition_counts) {
    EXPECT_EQ(ctx.parallelize(input, n).sort_by(std::identity{}).collect(), sorted(input));
    auto reversed = sorted(input);
    std::reverse(reversed.begin(), reversed.end());
    EXPECT_EQ(ctx.parallelize(input, n).sort_by(std::identity{}, std::greater<>{}).collect(), reversed);
  }
}

TEST_P(Ordering, SortsByACompoundKey) {
  struct person {
    std::string name;
    int age;
    bool operator==(const person&) const = default;
    auto operator<=>(const person&) const = default;
  };
  std::vector<std::tuple<std::string, int, long>> input;
  for (long x : scattered(300, 50))
    input.emplace_back("name" + std::to_string(x % 5), static_cast<int>(x % 3), x);
  auto expected = input;
  std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) {
    return std::pair{-std::get<1>(a), std::get<0>(a)} < std::pair{-std::get<1>(b), std::get<0>(b)};
  });
  for (int n : partition_counts)
    EXPECT_EQ(ctx.parallelize(input, n)
                .sort_by([](const auto& r) {
                  return std::pair{-std::get<1>(r), std::get<0>(r)};
                })
                .collect(),
              expected);
}

TEST_P(Ordering, PutsNaNLastAndKeepsZerosInTheirOrder) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const auto inf = std::numeric_limits<double>::infinity();
  const std::vector<double> input{nan, 2.5, -0.0, 0.0, -inf, nan, 1e308, -1e308, -nan, inf, 0.0, -0.0};
  for (int n : partition_counts) {
    const auto up = ctx.parallelize(input, n).sort_by([](double x) { return x; }).collect();
    ASSERT_EQ(up.size(), input.size());
    EXPECT_TRUE(std::is_sorted(up.begin(), up.begin() + 9)) << n;
    for (std::size_t i = 9; i != 12; ++i)
      EXPECT_TRUE(std::isnan(up[i])) << n;
    EXPECT_EQ(up.front(), -inf);
  }
}

TEST_P(Ordering, KeepsTheSignsOfZerosInTheirOrder) {
  const std::vector<std::pair<double, long>> input{{0.0, 1}, {-0.0, 2}, {0.0, 3}, {-0.0, 4}};
  for (int n : partition_counts) {
    const auto found = ctx.parallelize(input, n).sort_by_key().collect();
    for (std::size_t i = 0; i != 4; ++i) {
      EXPECT_EQ(found[i].second, input[i].second);
      EXPECT_EQ(std::signbit(found[i].first), std::signbit(input[i].first));
    }
  }
}

TEST_P(Ordering, SortsNothingAndOneKeyAlone) {
  EXPECT_THAT(ctx.empty<long>().sort_by(std::identity{}).collect(), IsEmpty());
  EXPECT_THAT(ctx.parallelize(longs{}, 64).sort_by(std::identity{}).collect(), IsEmpty());
  EXPECT_EQ(ctx.parallelize(longs(1000, 3), 5).sort_by(std::identity{}, {}, 64).collect(), longs(1000, 3));
  EXPECT_THROW(ctx.empty<long>().sort_by(std::identity{}, {}, -1), error);
}

TEST_P(Ordering, SurvivesAComparatorThatIsNoOrder) {
  const auto input = scattered(2000, 100);
  const auto shuffled = ctx.parallelize(input, 5).sort_by([](long x) { return x; }, [](long, long) { return true; });
  EXPECT_EQ(sorted(shuffled.collect()), sorted(input));
}

TEST_P(Ordering, SpreadsASortOverItsPartitions) {
  const auto parts = ctx.parallelize(scattered(10'000, 1'000'000), 4).sort_by(std::identity{}, {}, 8).glom().collect();
  ASSERT_EQ(parts.size(), 8u);
  for (const auto& part : parts) {
    EXPECT_GT(part.size(), 600u);
    EXPECT_LT(part.size(), 2500u);
  }
}

TEST_P(Ordering, IndexesThroughAllPartitions) {
  for (int n : partition_counts)
    for (const auto& input : hostile_keys()) {
      const auto data = ctx.parallelize(input, n).zip_with_index();
      const auto found = data.collect();
      EXPECT_EQ(found.size(), input.size());
      for (std::size_t i = 0; i != found.size(); ++i)
        EXPECT_EQ(found[i], (std::pair<long, std::int64_t>{input[i], static_cast<std::int64_t>(i)}));
      EXPECT_EQ(data.num_partitions(), n);
    }
  EXPECT_THAT(ctx.empty<long>().zip_with_index().collect(), IsEmpty());
}

TEST_P(Ordering, IndexesKeepTheLayout) {
  const auto parts = ctx.parallelize(longs{1, 2, 3}, 5).zip_with_index().glom().collect();
  ASSERT_EQ(parts.size(), 5u);
  EXPECT_THAT(parts[0], IsEmpty());
  EXPECT_THAT(parts[1], ElementsAre(std::pair{1L, std::int64_t{0}}));
  EXPECT_THAT(parts[4], ElementsAre(std::pair{3L, std::int64_t{2}}));
}

TEST_P(Ordering, PartitionsByFunctionWithAFlooredModulus) {
  for (int n : partition_counts) {
    const auto records = numbered({-1, -2, 3, 0, -64, 65, 7, -7});
    const auto parts = ctx.parallelize(records, 3).partition_by(n, [](long k) { return k; }).glom().collect();
    ASSERT_EQ(parts.size(), static_cast<std::size_t>(n));
    std::size_t total = 0;
    for (int p = 0; p != n; ++p)
      for (const auto& [k, v] : parts[static_cast<std::size_t>(p)]) {
        EXPECT_EQ(((k % n) + n) % n, p);
        ++total;
      }
    EXPECT_EQ(total, records.size());
  }
}

TEST_P(Ordering, PartitionsKeepTheOrderOfEachSource) {
  const pairs records{{1, 0}, {2, 1}, {1, 2}, {2, 3}};
  const auto parts = ctx.parallelize(records, 2).partition_by(4, [](long k) { return k; }).glom().collect();
  EXPECT_THAT(parts, ElementsAre(pairs{}, pairs{{1, 0}, {1, 2}}, pairs{{2, 1}, {2, 3}}, pairs{}));
  const auto large = numbered(scattered(20'000, 50));
  for (int n : {1, 2, 5})
    for (const auto& part : ctx.parallelize(large, 5).partition_by(n).glom().collect()) {
      std::map<long, long> last;
      for (const auto& [k, v] : part) {
        EXPECT_EQ(partition_of(k, n), partition_of(part.front().first, n));
        EXPECT_TRUE(!last.contains(k) || last[k] < v);
        last[k] = v;
      }
    }
}

TEST_P(Ordering, RepartitionsEvenlyAndTheSameEveryTime) {
  for (int n : partition_counts) {
    const auto spread = ctx.parallelize(iota(640), 3).repartition(n);
    const auto parts = spread.glom().collect();
    ASSERT_EQ(parts.size(), static_cast<std::size_t>(n));
    for (const auto& part : parts)
      EXPECT_NEAR(static_cast<double>(part.size()), 640.0 / n, 3.0);
    EXPECT_EQ(sorted(spread.collect()), iota(640));
    EXPECT_EQ(spread.collect(), spread.collect());
  }
}

} // namespace
} // namespace crema
