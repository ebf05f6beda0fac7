#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/coalesce.hpp"
#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/count_by.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/group_by_key.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/take.hpp"
#include "dataflow/op/to_local_iterator.hpp"
#include "dataflow/op/top.hpp"
#include "dataflow/op/zip_with_index.hpp"

#include <gmock/gmock.h>

// Records that are more than a number: bool, nested containers, large ones, and ones that are dear to copy.

namespace crema {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using namespace crema::testing;

class Records : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, Records, engine_shapes(), engine_name);

TEST_P(Records, MayBeBool) {
  std::vector<bool> input;
  for (long x : scattered(101, 2))
    input.push_back(x == 1);
  const auto ones = static_cast<std::uint64_t>(std::count(input.begin(), input.end(), true));
  for (int n : partition_counts) {
    const rdd<bool> data = ctx.parallelize(input, n);
    EXPECT_EQ(data.collect(), input);
    EXPECT_EQ(data.first(), input.front());
    EXPECT_EQ(data.take(3), std::vector<bool>(input.begin(), input.begin() + 3));
    EXPECT_EQ(data.count_by_value().at(true), ones);
    EXPECT_EQ(data.sort_by(std::identity{}).take(1), std::vector<bool>{false});
    EXPECT_EQ(data.top(2), (std::vector<bool>{true, true}));
    EXPECT_EQ(data.max(), true);
    EXPECT_EQ(data.min(), false);
    EXPECT_EQ(data.reduce(std::logical_or<bool>{}), true);
    EXPECT_EQ(data.aggregate(false, std::logical_or<bool>{}, std::logical_or<bool>{}), true);
    EXPECT_EQ(data.sum(), ones);
    EXPECT_EQ(data.repartition(3).count(), 101u);
    EXPECT_EQ(data.cache().collect(), input);
    EXPECT_EQ(data.glom().count(), static_cast<std::uint64_t>(n));
    std::vector<bool> iterated;
    for (bool b : data.to_local_iterator())
      iterated.push_back(b);
    EXPECT_EQ(iterated, input);
  }
}

TEST_P(Records, MayComeFromARangeOfBool) {
  const auto bits = ctx.parallelize(iota(8), 2).flat_map([](long x) {
    return std::vector<bool>{(x & 1) != 0, (x & 2) != 0};
  });
  EXPECT_EQ(bits.map([](auto b) { return !b; }).filter([](bool b) { return b; }).count(), 8u);
  EXPECT_EQ(bits.filter([](bool b) { return b; }).map([](bool b) { return b ? 1L : 0L; }).sum(), 8);
  const auto parts = ctx.parallelize(iota(8), 2).map_partitions([](auto& records) {
    std::vector<bool> odd;
    for (long x : records)
      odd.push_back(x % 2 == 1);
    return odd;
  });
  EXPECT_THAT(parts.collect(), ElementsAre(false, true, false, true, false, true, false, true));
}

TEST_P(Records, MayBeNestedContainers) {
  using nested = std::pair<std::string, std::vector<std::vector<std::string>>>;
  std::vector<nested> input;
  for (long x : scattered(60, 10))
    input.push_back({"key" + std::to_string(x), {words(static_cast<std::size_t>(x), std::to_string(x)), {}}});
  for (int n : partition_counts) {
    const rdd<nested> data = ctx.parallelize(input, n);
    EXPECT_EQ(data.collect(), input);
    EXPECT_EQ(data.map([](nested r) { return r; }).collect(), input);
    EXPECT_EQ(data.zip_with_index().count(), 60u);
    EXPECT_EQ(sorted(data.repartition(3).collect()), sorted(input));
    EXPECT_EQ(data.sort_by(std::identity{}).collect(), sorted(input));
    EXPECT_EQ(data.distinct().count(), std::set<nested>(input.begin(), input.end()).size());
    EXPECT_EQ(data.group_by_key().count(), std::set<nested>(input.begin(), input.end()).size());
  }
}

TEST_P(Records, MayBeLarge) {
  std::vector<std::string> input;
  for (int i = 0; i != 12; ++i)
    input.push_back(std::string(1'000'000, static_cast<char>('l' - i)));
  for (int n : {1, 5}) {
    const auto data = ctx.parallelize(input, n);
    EXPECT_EQ(data.sort_by(std::identity{}).collect(), sorted(input));
    EXPECT_EQ(data.repartition(2).map([](const std::string& s) { return s.size(); }).sum(), 12'000'000u);
    EXPECT_EQ(data.distinct().count(), 12u);
  }
  struct wide {
    std::array<long, 50'000> numbers;
  };
  const auto wides = ctx.range(0, 20, 1, 4).map([](long x) {
    wide w{};
    w.numbers[49'999] = x;
    return w;
  });
  EXPECT_EQ(wides.repartition(3).map([](const wide& w) { return w.numbers[49'999]; }).sum(), 190);
}

TEST_P(Records, AreNotChangedBySomebodyWhoMovesThemAway) {
  const words input{"a string that is too long for the short string buffer", "another string of the same kind"};
  const rdd<std::string> data = ctx.parallelize(input, 1);
  const auto stolen = data.map([](std::string&& s) { return std::string{std::move(s)} + "!"; });
  const auto also = data.map_partitions([](auto& records) {
    words mine;
    for (auto& record : records)
      mine.push_back(std::move(record));
    return mine;
  });
  EXPECT_EQ(stolen.collect().size(), 2u);
  EXPECT_THAT(also.collect(), ElementsAreArray(input));
  EXPECT_THAT(data.collect(), ElementsAreArray(input));
  const auto kept = data.map([](const std::string& s) { return s; }).cache();
  for (int round = 0; round != 2; ++round) {
    EXPECT_EQ(kept.map([](std::string&& s) { return std::string{std::move(s)}; }).collect(), input);
    EXPECT_EQ(kept
                .map_partitions([](auto& records) {
                  words mine;
                  for (auto& record : records)
                    mine.push_back(std::move(record));
                  return mine;
                })
                .collect(),
              input);
    EXPECT_EQ(kept.sort_by(std::identity{}).collect(), sorted(input));
    EXPECT_EQ(kept.distinct().count(), 2u);
  }
}

TEST_P(Records, MayBeMappedToBorrowedTextThatIsThenOwned) {
  const auto tails =
    ctx.parallelize(words{"alpha", "beta"}, 2).map([](const std::string& s) { return std::string_view(s).substr(1); });
  static_assert(std::is_same_v<decltype(tails.collect()), words>);
  EXPECT_THAT(tails.collect(), ElementsAre("lpha", "eta"));
  const auto counted = ctx.parallelize(words{"alpha", "aleph", "beta"}, 2).map([](const std::string& s) {
    return std::pair{std::string_view(s).substr(0, 2), 1L};
  });
  static_assert(std::is_same_v<decltype(counted.collect()), std::vector<std::pair<std::string, long>>>);
  EXPECT_EQ(sorted(counted.reduce_by_key(std::plus<>{}).collect()),
            (std::vector<std::pair<std::string, long>>{{"al", 2}, {"be", 1}}));
}

enum class kind : unsigned char { head, tail };

TEST_P(Records, MayBorrowTheTextInsideTheirKeys) {
  const words input{"alpha", "aleph", "beta", "a text that is too long for the short string buffer"};
  for (int n : partition_counts) {
    const auto data = ctx.parallelize(input, n);
    const auto pairs = data.map([](const std::string& s) {
      return std::pair{std::pair{kind::head, std::string_view(s).substr(0, 2)}, 1L};
    });
    const std::vector<std::pair<std::pair<kind, std::string>, long>> counts{
      {{kind::head, "a "}, 1}, {{kind::head, "al"}, 2}, {{kind::head, "be"}, 1}};
    EXPECT_EQ(sorted(pairs.reduce_by_key(std::plus<>{}).collect()), counts);
    EXPECT_EQ(sorted(pairs.fold_by_key(0L, std::plus<>{}).collect()), counts);
    EXPECT_EQ(pairs.keys().distinct().count(), 3u);
    EXPECT_EQ(pairs.count_by_key().at({kind::head, "al"}), 2u);
    EXPECT_EQ(pairs.group_by_key().count(), 3u);
    const auto tuples = data.map([](const std::string& s) {
      const std::string_view view{s};
      return std::pair{std::tuple{std::optional{view.substr(0, 1)}, kind::tail}, view.substr(2)};
    });
    const auto shortest = [](const std::string& a, const std::string& b) { return std::min(a, b); };
    EXPECT_EQ(sorted(tuples.reduce_by_key(shortest).values().collect()), (words{"eph", "ta"}));
    EXPECT_EQ(tuples.distinct().count(), 4u);
    EXPECT_EQ(std::get<0>(tuples.sort_by_key().keys().first()), "a");
  }
}

} // namespace
} // namespace crema
