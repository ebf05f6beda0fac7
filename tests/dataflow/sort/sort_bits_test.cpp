#include "dataflow/sort/merge_sort.hpp"
#include "dataflow/sort/sort_bits.hpp"
#include "dataflow/sort/sorted_positions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace crema::internal {
namespace {

constexpr std::uint64_t seed = 20240;

// Shapes of input that sorting algorithms are known to stumble over.
std::vector<std::vector<std::uint64_t>> shapes(std::size_t n) {
  std::mt19937_64 random{seed + n};
  const auto filled = [n](auto&& next) {
    std::vector<std::uint64_t> numbers(n);
    for (std::size_t i = 0; i != n; ++i)
      numbers[i] = next(i);
    return numbers;
  };
  return {filled([&](std::size_t) { return random(); }),
          filled([&](std::size_t) { return random() >> 40; }),
          filled([&](std::size_t) { return random() << 40; }),
          filled([&](std::size_t) { return random() % 3; }),
          filled([&](std::size_t) { return random() % 5 * 0x9e3779b97f4a7c15U; }),
          filled([](std::size_t) { return ~std::uint64_t{0}; }),
          filled([](std::size_t i) { return i; }),
          filled([n](std::size_t i) { return n - i; }),
          filled([n](std::size_t i) { return i % 2 == 0 ? i : n - i; }),
          filled([&](std::size_t i) { return i == 0 ? ~std::uint64_t{0} : random() % 1000; }),
          filled([&](std::size_t) { return (random() % 2 << 63) | random() % (1 << 20); }),
          filled([&](std::size_t) { return random() >> random() % 64; }),
          filled([&](std::size_t) { return std::bit_cast<std::uint64_t>(static_cast<double>(random()) - 0x1p63); })};
}

const std::vector<std::size_t> sizes{0, 1, 2, 3, 15, 16, 17, 33, 255, 256, 257, 1000, 5000, 40'000, 300'000};

template <class U>
void expect_sorts(void (*sort)(U*, std::size_t)) {
  for (const std::size_t n : sizes)
    for (const auto& shape : shapes(n)) {
      std::vector<U> numbers(shape.begin(), shape.end());
      if constexpr (sizeof(U) < 8)
        std::transform(shape.begin(), shape.end(), numbers.begin(),
                       [](std::uint64_t x) { return static_cast<U>(x >> (x >> 60 != 0 ? 64 - sizeof(U) * 8 : 0)); });
      auto expected = numbers;
      std::sort(expected.begin(), expected.end());
      sort(numbers.data(), n);
      ASSERT_EQ(numbers, expected) << n << " numbers of " << sizeof(U) << " bytes, seed " << seed;
    }
}

TEST(SortBits, SortsNumbersOfEveryWidth) {
  expect_sorts<std::uint8_t>(sort_bits);
  expect_sorts<std::uint16_t>(sort_bits);
  expect_sorts<std::uint32_t>(sort_bits);
  expect_sorts<std::uint64_t>(sort_bits);
}

TEST(SortBits, SortsPartsWithinBoundsThatMayBeTooWide) {
  for (const std::size_t n : sizes)
    for (const auto& shape : shapes(n)) {
      auto expected = shape;
      std::sort(expected.begin(), expected.end());
      const std::span<const std::uint64_t> all{shape};
      const std::vector<std::span<const std::uint64_t>> parts{all.first(n / 3), {}, all.subspan(n / 3)};
      const auto least = n == 0 ? 0 : expected.front();
      const auto greatest = n == 0 ? 0 : expected.back();
      for (const auto& [from, to] : {std::pair{least, greatest}, {0, greatest}, {least / 2, ~std::uint64_t{0}}}) {
        std::vector<std::uint64_t> found(n);
        sort_parts<std::uint64_t>(parts, from, to, found.data());
        ASSERT_EQ(found, expected) << n << " numbers, seed " << seed;
      }
    }
}

TEST(SortedPositions, AreInStableOrderOfTheKeys) {
  for (const std::size_t n : sizes)
    for (const auto& shape : shapes(n)) {
      growing_array<std::uint64_t> keys;
      std::copy(shape.begin(), shape.end(), keys.room(n));
      keys.resize(n);
      std::vector<std::uint64_t> expected(n);
      std::iota(expected.begin(), expected.end(), 0);
      std::stable_sort(expected.begin(), expected.end(), [&](auto a, auto b) { return shape[a] < shape[b]; });
      sorted_positions order;
      order.sort(std::move(keys));
      ASSERT_EQ(order.size(), n);
      for (std::size_t i = 0; i != n; ++i) {
        ASSERT_EQ(order[i], expected[i]) << i << " of " << n << ", seed " << seed;
        ASSERT_EQ(order.key(i), shape[expected[i]]) << i << " of " << n;
        if (i + 1 != n) {
          ASSERT_EQ(order.ties_with_next(i), shape[expected[i]] == shape[expected[i + 1]]) << i << " of " << n;
        }
      }
    }
}

TEST(GrowingPages, KeepTheirContentsWhileTheyGrow) {
  growing_array<std::uint32_t> array;
  for (std::uint32_t n = 0; n < 5'000'000; n += 1000) {
    auto* const room = array.room(1000);
    std::iota(room, room + 1000, n);
    array.resize(n + 1000);
  }
  for (std::uint32_t i = 0; i != array.size(); ++i)
    ASSERT_EQ(array[i], i);
  array.discard_before(2'500'000);
  for (std::uint32_t i = 2'500'000; i != array.size(); ++i)
    ASSERT_EQ(array[i], i);
}

struct tagged {
  std::uint64_t key;
  std::size_t tag;
  friend bool operator==(const tagged&, const tagged&) = default;
};

std::vector<tagged> with_tags(const std::vector<std::uint64_t>& keys) {
  std::vector<tagged> values;
  for (std::size_t i = 0; i != keys.size(); ++i)
    values.push_back({keys[i], i});
  return values;
}

TEST(MergeSort, IsStable) {
  const auto less = [](const tagged& a, const tagged& b) { return a.key < b.key; };
  for (const std::size_t n : sizes)
    for (const auto& shape : shapes(n)) {
      auto values = with_tags(shape);
      auto expected = values;
      std::stable_sort(expected.begin(), expected.end(), less);
      merge_sort(std::span{values}, less);
      ASSERT_TRUE(values == expected) << n << ", seed " << seed;
    }
}

TEST(MergeSort, LosesNothingToAComparatorThatIsNoOrder) {
  std::mt19937_64 random{seed};
  for (const std::size_t n : {5U, 100U, 10'000U}) {
    auto values = with_tags(std::vector<std::uint64_t>(n));
    merge_sort(std::span{values}, [&](const tagged&, const tagged&) { return random() % 2 == 0; });
    std::sort(values.begin(), values.end(), [](const tagged& a, const tagged& b) { return a.tag < b.tag; });
    EXPECT_TRUE(values == with_tags(std::vector<std::uint64_t>(n)));
    merge_sort(std::span{values}, [](const tagged&, const tagged&) { return true; });
  }
}

TEST(MergeSort, PassesAnExceptionOn) {
  auto values = with_tags(std::vector<std::uint64_t>(1000));
  int left = 5000;
  const auto less = [&](const tagged& a, const tagged& b) -> bool {
    if (--left == 0)
      throw std::runtime_error{"no"};
    return a.tag > b.tag;
  };
  EXPECT_THROW(merge_sort(std::span{values}, less), std::runtime_error);
}

} // namespace
} // namespace crema::internal
