#include "dataflow/block/block.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace crema::internal {
namespace {

/// A record that counts itself, and can fail to be made.
struct counted {
  static inline int alive = 0;

  explicit counted(int n, bool fails = false) : number{n} {
    if (fails)
      throw std::runtime_error{"not made"};
    ++alive;
  }
  counted(counted&& other) noexcept : number{other.number} { ++alive; }
  ~counted() { --alive; }

  int number;
};

template <class T>
std::vector<T> records_of(const block_ptr& from) {
  return {std::as_const(block_cast<T>(from)).begin(), std::as_const(block_cast<T>(from)).end()};
}

/// Records until the builder wants its block to be taken.
template <class T>
std::size_t records_of_a_block(block_builder<T>& builder, const T& record) {
  std::size_t n = 1;
  while (!builder.add(record))
    ++n;
  EXPECT_EQ(builder.take()->size(), n);
  return n;
}

TEST(BlockBuilder, GivesBackWhatWasAddedAndBeginsAnew) {
  block_builder<std::string> builder;
  EXPECT_TRUE(builder.empty());
  EXPECT_FALSE(builder.take());
  for (std::size_t n : {1u, 2u, 15u, 16u, 17u, 1000u}) {
    std::vector<std::string> added;
    for (std::size_t i = 0; i != n; ++i) {
      added.push_back("record " + std::to_string(i));
      EXPECT_FALSE(builder.add(added.back()));
      ASSERT_EQ(builder.size(), i + 1);
    }
    const auto made = builder.take();
    EXPECT_EQ(records_of<std::string>(made), added);
    EXPECT_TRUE(builder.empty());
    EXPECT_EQ(builder.size(), 0u);
  }
}

TEST(BlockBuilder, SaysWhenTheBlockHasReachedItsSize) {
  block_builder<int> builder{1000 * sizeof(int)};
  for (int block = 0; block != 3; ++block) {
    for (int i = 0; i != 999; ++i)
      ASSERT_FALSE(builder.add(i)) << i;
    EXPECT_TRUE(builder.add(999));
    EXPECT_EQ(builder.take()->size(), 1000u);
  }
}

TEST(BlockBuilder, GoesOnBeyondItsSizeWhereNobodyTakesTheBlock) {
  block_builder<int> builder{10 * sizeof(int)};
  std::vector<int> added;
  for (int i = 0; i != 1000; ++i) {
    builder.add(i);
    added.push_back(i);
  }
  EXPECT_EQ(records_of<int>(builder.take()), added);
}

TEST(BlockBuilder, KeepsTheFirstBlockSmallAndMakesRoomAtOnceAfterAFullOne) {
  block_builder<int> builder{64 * 1024};
  builder.add(1);
  EXPECT_LT(builder.take()->bytes(), 1024u);
  while (!builder.add(2)) {
  }
  builder.take();
  builder.add(3);
  EXPECT_GE(builder.take()->bytes(), 64u * 1024);
  builder.add(4);
  EXPECT_LT(builder.take()->bytes(), 1024u);
}

TEST(BlockBuilder, DestroysEachRecordOnce) {
  {
    block_builder<counted> builder;
    for (int i = 0; i != 300; ++i)
      builder.add(i);
    EXPECT_EQ(counted::alive, 300);
    auto moved = std::move(builder);
    moved.add(300);
    EXPECT_EQ(moved.size(), 301u);
  }
  EXPECT_EQ(counted::alive, 0);
}

TEST(BlockBuilder, HasOnlyTheRecordsThatWereMade) {
  {
    block_builder<counted> builder;
    for (int i = 0; i != 200; ++i)
      if (i % 3 == 0)
        EXPECT_THROW(builder.add(i, true), std::runtime_error);
      else
        builder.add(i);
    EXPECT_EQ(builder.size(), 133u);
    EXPECT_EQ(counted::alive, 133);
    const auto made = builder.take();
    EXPECT_EQ(made->size(), 133u);
    EXPECT_EQ(block_cast<counted>(made).begin()[132].number, 199);
  }
  EXPECT_EQ(counted::alive, 0);
}

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

TEST(BlockBuilder, GrowsSlowlyWhereNobodyTakesABlockOfLargeRecords) {
  block_builder<std::string> builder;
  for (int i = 0; i != 100; ++i)
    builder.add(default_block_bytes, 'x');
  const auto made = builder.take();
  EXPECT_EQ(made->size(), 100u);
  EXPECT_LT(made->bytes(), 101 * default_block_bytes);
}

TEST(BlockBuilder, AddsManyRecordsAsItAddsOne) {
  for (const std::size_t n : {0U, 1U, 127U, 128U, 129U, 5000U}) {
    block_builder<std::string> builder{10'000};
    std::vector<std::string> added{"first"};
    builder.add(added.front());
    builder.add_all(n, [](std::size_t i) { return std::to_string(i); });
    for (std::size_t i = 0; i != n; ++i)
      added.push_back(std::to_string(i));
    EXPECT_EQ(builder.size(), n + 1);
    EXPECT_EQ(records_of<std::string>(builder.take()), added);
  }
}

TEST(BlockBuilder, HasThoseOfManyRecordsThatWereMade) {
  {
    block_builder<counted> builder;
    EXPECT_THROW(builder.add_all(1000, [](std::size_t i) { return counted(static_cast<int>(i), i == 700); }),
                 std::runtime_error);
    EXPECT_EQ(builder.take()->size(), 700u);
  }
  EXPECT_EQ(counted::alive, 0);
}

TEST(BlockBuilder, WithoutABoundIsNeverFull) {
  block_builder<std::string> builder{~std::size_t{0}};
  for (int i = 0; i != 100; ++i)
    EXPECT_FALSE(builder.add(default_block_bytes, 'x'));
}

} // namespace
} // namespace crema::internal
