#include "dataflow/hash/radix_rows.hpp"

#include "dataflow/hash/hash_bits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace crema::internal {
namespace {

using row = std::pair<std::uint64_t, std::uint32_t>;

row nth(std::size_t i) {
  return {mix64(i), static_cast<std::uint32_t>(i)};
}

radix_rows<row> scattered(unsigned bits, std::size_t rows, std::size_t expected) {
  radix_rows<row> made{bits, expected};
  for (std::size_t i = 0; i != rows; ++i)
    made.add(made.partition_of(nth(i).first), nth(i));
  return made;
}

std::vector<row> first_rows(std::size_t n) {
  std::vector<row> all;
  for (std::size_t i = 0; i != n; ++i)
    all.push_back(nth(i));
  std::sort(all.begin(), all.end());
  return all;
}

TEST(RadixRows, KeepsEachRowInThePartitionOfItsHighBits) {
  for (unsigned bits : {0u, 1u, 4u, 9u})
    for (std::size_t n : {0u, 1u, 3u, 1000u, 70'000u})
      for (std::size_t expected : {std::size_t{0}, n, std::size_t{1} << 20}) {
        SCOPED_TRACE(testing::Message() << bits << " bits, " << n << " rows, " << expected << " expected");
        auto rows = scattered(bits, n, expected);
        rows.finish();
        ASSERT_EQ(rows.partitions(), std::size_t{1} << bits);
        std::vector<row> found;
        for (std::size_t p = 0; p != rows.partitions(); ++p) {
          std::size_t here = 0;
          for (auto chunk : rows.chunks(p)) {
            here += chunk.size();
            for (const auto& each : chunk) {
              if (bits != 0) {
                ASSERT_EQ(each.first >> (64 - bits), p);
              }
              found.push_back(each);
            }
          }
          ASSERT_EQ(rows.rows(p), here);
        }
        std::sort(found.begin(), found.end());
        EXPECT_EQ(found, first_rows(n));
      }
}

TEST(RadixRows, DrainsEverythingAndFreesOnTheWay) {
  auto rows = scattered(6, 500'000, std::size_t{1} << 20);
  const auto all = rows.bytes();
  EXPECT_GE(all, 500'000 * sizeof(row));
  std::vector<row> found;
  rows.drain([&](std::span<const row> chunk) {
    found.insert(found.end(), chunk.begin(), chunk.end());
    if (found.size() > 400'000) {
      EXPECT_LT(rows.bytes(), all / 2);
    }
  });
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, first_rows(500'000));
  EXPECT_EQ(rows.partitions(), 0u);
  EXPECT_LT(rows.bytes(), 100u);
}

TEST(RadixRows, TakesLittleMoreThanItsRows) {
  EXPECT_LT(scattered(0, 10, 10).bytes(), 1000u);
  EXPECT_LT(scattered(9, 2'000'000, std::size_t{1} << 20).bytes(), 2'000'000 * sizeof(row) * 5 / 4);
}

} // namespace
} // namespace crema::internal
