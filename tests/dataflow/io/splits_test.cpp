#include "dataflow/io/splits.hpp"

#include "dataflow/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace crema::internal {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using sizes = std::vector<std::uint64_t>;

constexpr std::uint64_t no_limit = std::uint64_t{1} << 62;

} // namespace

TEST(Splits, CutOneFileEvenly) {
  EXPECT_THAT(plan_splits(sizes{10}, 1, no_limit), ElementsAre(file_split{0, 0, 10}));
  EXPECT_THAT(plan_splits(sizes{10}, 4, no_limit),
              ElementsAre(file_split{0, 0, 2}, file_split{0, 2, 5}, file_split{0, 5, 7}, file_split{0, 7, 10}));
  EXPECT_THAT(plan_splits(sizes{2}, 4, no_limit), ElementsAre(file_split{0, 0, 1}, file_split{0, 1, 2}));
}

TEST(Splits, FollowFilesInOrderAndLeaveOutEmptyOnes) {
  EXPECT_THAT(plan_splits(sizes{100, 0, 50}, 3, 1 << 20),
              ElementsAre(file_split{0, 0, 50}, file_split{0, 50, 100}, file_split{2, 0, 50}));
  EXPECT_THAT(plan_splits(sizes{0, 0}, 3, 10), IsEmpty());
  EXPECT_THAT(plan_splits(sizes{}, 3, 10), IsEmpty());
}

TEST(Splits, RefuseBoundsOfZero) {
  for (const auto& [splits, bytes] : {std::pair{0, 1}, {1, 0}}) {
    try {
      plan_splits(sizes{1}, static_cast<std::size_t>(splits), static_cast<std::uint64_t>(bytes));
      FAIL();
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
    }
  }
}

TEST(Splits, DoNotOverflowAtHugeSizes) {
  const auto splits = plan_splits(sizes{std::uint64_t{1} << 60, std::uint64_t{1} << 61}, 1000, no_limit);
  EXPECT_GE(splits.size(), 1000U);
  EXPECT_LE(splits.size(), 1001U);
  EXPECT_EQ(splits.back(), (file_split{1, splits.back().begin, std::uint64_t{1} << 61}));
}

TEST(Splits, CoverEveryByteOnceWithinTheirBounds) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    sizes files(random() % 6);
    for (auto& size : files)
      size = random() % 4 == 0 ? 0 : random() % 1000;
    const std::size_t min_splits = 1 + random() % 20;
    const std::uint64_t max_bytes = random() % 2 == 0 ? no_limit : 1 + random() % 1000;
    const auto splits = plan_splits(files, min_splits, max_bytes);

    std::size_t next = 0;
    for (std::uint32_t file = 0; file < files.size(); ++file) {
      std::uint64_t at = 0, shortest = no_limit, longest = 0;
      for (; next < splits.size() && splits[next].file == file; ++next) {
        ASSERT_EQ(splits[next].begin, at);
        ASSERT_GT(splits[next].end, at);
        const auto size = splits[next].end - at;
        shortest = std::min(shortest, size);
        longest = std::max(longest, size);
        at = splits[next].end;
      }
      ASSERT_EQ(at, files[file]);
      ASSERT_LE(longest, max_bytes);
      ASSERT_TRUE(files[file] == 0 || longest - shortest <= 1);
    }
    ASSERT_EQ(next, splits.size());
    const auto total = std::accumulate(files.begin(), files.end(), std::uint64_t{0});
    ASSERT_GE(splits.size(), std::min<std::uint64_t>(min_splits, total));
    if (max_bytes == no_limit && total > 0) {
      ASSERT_LE(splits.size(), min_splits + files.size() - 1);
    }
  }
}

} // namespace crema::internal
