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

/// Rows of a size that no chunk is a multiple of.
struct odd_row {
  std::uint64_t hash;
  std::uint64_t more[4];
};

TEST(RadixRows, AddsManyRowsAsItAddsOne) {
  for (unsigned bits : {0u, 4u, 10u})
    for (std::size_t n : {0u, 1u, 3u, 4u, 1000u, 70'001u})
      for (std::size_t expected : {std::size_t{0}, n, std::size_t{1} << 20}) {
        SCOPED_TRACE(testing::Message() << bits << " bits, " << n << " rows, " << expected << " expected");
        const auto nth_odd = [](std::size_t i) { return odd_row{mix64(i), {i, i + 1, i + 2, i + 3}}; };
        radix_rows<odd_row> one_by_one{bits, expected};
        radix_rows<odd_row> together{bits, expected};
        for (std::size_t i = 0; i != n; ++i)
          one_by_one.add(one_by_one.partition_of(mix64(i)), nth_odd(i));
        together.add_all(
          n / 3, [&](std::size_t i) { return together.partition_of(mix64(i)); }, nth_odd);
        together.add_all(
          n - n / 3, [&](std::size_t i) { return together.partition_of(mix64(n / 3 + i)); },
          [&](std::size_t i) { return nth_odd(n / 3 + i); });
        one_by_one.finish();
        together.finish();
        for (std::size_t p = 0; p != one_by_one.partitions(); ++p) {
          const auto expect = one_by_one.chunks(p);
          const auto found = together.chunks(p);
          ASSERT_EQ(found.size(), expect.size());
          for (std::size_t c = 0; c != found.size(); ++c)
            ASSERT_TRUE(std::equal(found[c].begin(), found[c].end(), expect[c].begin(), expect[c].end(),
                                   [](const odd_row& a, const odd_row& b) {
                                     return a.hash == b.hash && std::equal(a.more, a.more + 4, b.more);
                                   }));
        }
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
