#include "dataflow/block/block.hpp"

#include <gtest/gtest.h>

#include <string>

namespace crema::internal {

namespace {

/// Records until the builder wants its block to be taken.
template <class T>
std::size_t records_of_a_block(block_builder<T>& builder, const T& record) {
  std::size_t n = 1;
  while (!builder.add(record))
    ++n;
  EXPECT_EQ(builder.take()->size(), n);
  return n;
}

} // namespace

TEST(BlockBuilder, FillsABlockOfPlainRecords) {
  block_builder<long> builder;
  for (int block = 0; block != 3; ++block)
    EXPECT_EQ(records_of_a_block(builder, 7L), default_block_bytes / sizeof(long));
}

TEST(BlockBuilder, CountsWhatRecordsHoldOnTheHeap) {
  block_builder<std::string> builder;
  for (const std::size_t bytes :
       {std::size_t{1000}, std::size_t{10'000}, default_block_bytes, 10 * default_block_bytes})
    for (int block = 0; block != 2; ++block) {
      const auto n = records_of_a_block(builder, std::string(bytes, 'x'));
      EXPECT_GT(n * bytes, default_block_bytes / 2);
      EXPECT_LE(n, 5 * default_block_bytes / bytes + 5) << bytes;
    }
  EXPECT_EQ(records_of_a_block(builder, std::string{"short"}), default_block_bytes / sizeof(std::string));
}

TEST(BlockBuilder, WithoutABoundIsNeverFull) {
  block_builder<std::string> builder{~std::size_t{0}};
  for (int i = 0; i != 100; ++i)
    EXPECT_FALSE(builder.add(default_block_bytes, 'x'));
}

} // namespace crema::internal
