#include "tests/engines.hpp"
#include "tests/memory/live_bytes.hpp"

#include "dataflow/block/page_buffer.hpp"
#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/flat_map.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/group_by_key.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/to_local_iterator.hpp"
#include "dataflow/op/zip_with_index.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

// What a job takes in memory, counted at the allocator, beside what the budget says. Data far beyond the budget costs
// no more than data a little beyond it.

namespace crema {
namespace {

using namespace crema::testing;

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t budget = 2 * mib;

/// Beside the budget: the actors, and for each thread some blocks that its task and the codec have in hand.
constexpr std::size_t beside(const engine_shape& shape) {
  return mib + static_cast<std::size_t>(shape.threads == 0 ? 1 : shape.threads) * mib;
}

using wide_value = std::array<std::int64_t, 7>;
using wide_record = std::pair<std::int64_t, wide_value>;

constexpr std::int64_t records_of(std::size_t bytes) {
  return static_cast<std::int64_t>(bytes / sizeof(wide_record));
}

/// A permutation of 64-bit numbers.
constexpr std::int64_t scattered(std::int64_t i) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(i) * 0x9e37'79b9'7f4a'7c15);
}

class BoundedMemory : public ::testing::TestWithParam<engine_shape> {
protected:
  void SetUp() override {
    // What starts with the first job and stays is no job's.
    ctx_.range(0, 1000, 1, 4).map([](std::int64_t i) { return std::pair{i, i}; }).sort_by_key().count();
    forget_peak();
    before_ = live_bytes();
  }

  template <class Key>
  auto data(Key key, std::int64_t n, int partitions = 4) {
    return ctx_.range(0, n, 1, partitions).map([key](std::int64_t i) {
      return wide_record{key(i), {i, i * 3, i * 5, i ^ 0x5555, -i, ~i, i + 1}};
    });
  }

  void expect_bounded() const {
    EXPECT_LE(peak_live_bytes() - before_, budget + beside(GetParam()));
    EXPECT_EQ(ctx_.memory_used(), 0u);
  }

  context ctx_ = make_context(GetParam(), budget);
  std::size_t before_ = 0;
};

std::vector<engine_shape> shapes() {
  return {{"inline_engine", 0}, {"two_threads", 2}, {"five_threads", 5}};
}
INSTANTIATE_TEST_SUITE_P(Engines, BoundedMemory, ::testing::ValuesIn(shapes()), engine_name);

TEST(LiveBytes, CountWhatIsHeld) {
  const auto before = live_bytes();
  forget_peak();
  {
    const std::vector<char> held(5 * mib);
    const internal::page_buffer pages{3 * mib}; // mapped
    EXPECT_GE(live_bytes(), before + 8 * mib);
  }
  internal::trim_page_buffers();
  EXPECT_LT(live_bytes(), before + mib);
  EXPECT_GE(peak_live_bytes(), before + 8 * mib);
}

constexpr auto far_beyond = records_of(10 * budget);

} // namespace

TEST_P(BoundedMemory, HoldsInASort) {
  EXPECT_EQ(data(scattered, far_beyond).sort_by_key().count(), static_cast<std::uint64_t>(far_beyond));
  expect_bounded();
}

TEST_P(BoundedMemory, HoldsInADistinct) {
  EXPECT_EQ(data(scattered, far_beyond).distinct().count(), static_cast<std::uint64_t>(far_beyond));
  expect_bounded();
}

TEST_P(BoundedMemory, HoldsInATableOfManyKeysInManyPartitions) {
  const auto sums =
    data(scattered, far_beyond, 16).reduce_by_key([](const wide_value& a, const wide_value&) { return a; });
  EXPECT_EQ(sums.count(), static_cast<std::uint64_t>(far_beyond));
  expect_bounded();
}

TEST_P(BoundedMemory, HoldsInATableOfWords) {
  constexpr std::int64_t lines = 20'000;
  const auto counts = ctx_.range(0, lines, 1, 4)
                        .flat_map([](std::int64_t line) {
                          std::vector<std::string> words;
                          for (std::int64_t i = 0; i != 10; ++i)
                            words.push_back("a longish word " + std::to_string(scattered(10 * line + i)));
                          return words;
                        })
                        .map([](std::string word) {
                          return std::pair{std::move(word), std::int64_t{1}};
                        })
                        .reduce_by_key(std::plus{});
  EXPECT_EQ(counts.count(), static_cast<std::uint64_t>(10 * lines));
  expect_bounded();
}

TEST_P(BoundedMemory, HoldsInManyGroups) {
  EXPECT_EQ(data([](std::int64_t i) { return scattered(i / 3); }, far_beyond).group_by_key().count(),
            static_cast<std::uint64_t>((far_beyond + 2) / 3));
  expect_bounded();
}

TEST_P(BoundedMemory, HoldsInAGroupOfOneKeyThatHoldsEverything) {
  const auto sizes = data([](std::int64_t) { return std::int64_t{7}; }, far_beyond)
                       .group_by_key()
                       .map([](const std::pair<std::int64_t, group<wide_value>>& keyed) {
                         std::int64_t count = 0;
                         for (const auto& value : keyed.second)
                           count += value[0] >= 0;
                         return count;
                       });
  EXPECT_EQ(sizes.sum(), far_beyond);
  expect_bounded();
}

TEST_P(BoundedMemory, HoldsInAJoin) {
  constexpr auto each = far_beyond / 2;
  EXPECT_EQ(data(scattered, each).join(data(scattered, each)).count(), static_cast<std::uint64_t>(each));
  expect_bounded();
}

TEST_P(BoundedMemory, HoldsInAJoinOfOneHotKeyOnBothSides) {
  using page = std::array<std::int64_t, 4096>;
  constexpr std::int64_t each = 2 * budget / sizeof(page);
  const auto side = [this] {
    return ctx_.range(0, each, 1, 4).map([](std::int64_t i) { return std::pair{7, page{i}}; });
  };
  EXPECT_EQ(side().join(side()).count(), static_cast<std::uint64_t>(each * each));
  expect_bounded();
}

TEST_P(BoundedMemory, HoldsWhileRecordsOnlyMove) {
  EXPECT_EQ(data(scattered, far_beyond, 16).repartition(16).zip_with_index().count(),
            static_cast<std::uint64_t>(far_beyond));
  expect_bounded();
}

/// A record that becomes 64 KiB of records.
std::vector<wide_record> burst(std::int64_t i) {
  return std::vector<wide_record>(1024, wide_record{scattered(i), {}});
}

TEST_P(BoundedMemory, HoldsWhereFewRecordsBecomeMany) {
  constexpr auto few = far_beyond / 1024;
  const auto all = static_cast<std::uint64_t>(few * 1024);
  const auto first = ctx_.range(0, few, 1, 4).repartition(4); // whose blocks hold more records than are asked for
  EXPECT_EQ(first.flat_map(burst).repartition(3).count(), all);
  const rdd<wide_record> erased = first.flat_map(burst);
  EXPECT_EQ(erased.filter([](const wide_record&) { return true; }).repartition(3).count(), all);
  EXPECT_EQ(erased.sort_by_key().count(), all);
  const auto counted = erased.map_partitions(
    [](auto& records) { return std::vector{static_cast<std::uint64_t>(std::ranges::distance(records))}; });
  EXPECT_EQ(counted.reduce(std::plus<std::uint64_t>{}), all);
  expect_bounded();
}

TEST_P(BoundedMemory, HoldsWhereAJobTurnsOutNotToBeTiny) {
  auto settings = test_config(budget);
  settings.inline_records = 1000;
  const context tiny{settings, make_engine(GetParam(), budget)};
  constexpr auto few = far_beyond / 1024;
  EXPECT_EQ(tiny.range(0, few, 1, 4).flat_map(burst).repartition(3).count(), static_cast<std::uint64_t>(few * 1024));
  EXPECT_LE(peak_live_bytes() - before_, budget + beside(GetParam()));
}

TEST_P(BoundedMemory, IsTheSameForDataFourTimesAsLarge) {
  constexpr auto farther = 4 * far_beyond;
  EXPECT_EQ(data(scattered, farther).distinct().count(), static_cast<std::uint64_t>(farther));
  expect_bounded();
}

} // namespace crema
