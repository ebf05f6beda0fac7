#include "dataflow/sort/number_sorter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace crema::internal {
namespace {

constexpr std::uint64_t seed = 1867;
constexpr std::size_t many = 1'300'000; // the last 250,000 come when the buckets are cut

template <class U>
struct shape {
  std::string name;
  std::function<U(std::size_t)> number;
};

template <class U>
std::vector<shape<U>> shapes(std::mt19937_64& random) {
  constexpr auto greatest = std::numeric_limits<U>::max();
  return {{"random", [&](std::size_t) { return static_cast<U>(random()); }},
          {"in a narrow range", [&](std::size_t) { return static_cast<U>(greatest - random() % 3000); }},
          {"a few", [&](std::size_t) { return static_cast<U>(random() % 3 * 1000); }},
          {"all the greatest", [](std::size_t) { return greatest; }},
          {"ascending", [](std::size_t i) { return static_cast<U>(i); }},
          {"descending", [](std::size_t i) { return static_cast<U>(greatest - i); }},
          {"crowded", [&](std::size_t) { return static_cast<U>(random() % 50 == 0 ? random() : random() % 100); }},
          {"wider later", [&](std::size_t i) {
             return static_cast<U>(i < many * 9 / 10 ? greatest / 4 + random() % (greatest / 2) : random());
           }}};
}

template <class U>
void append_in_batches(number_sorter<U>& sorter, const std::vector<U>& numbers) {
  std::mt19937_64 random{seed};
  for (std::span<const U> left{numbers}; !left.empty();) {
    const auto batch = left.first(std::min<std::size_t>(random() % 40'000, left.size()));
    sorter.append(batch);
    left = left.subspan(batch.size());
  }
}

template <class U>
std::vector<U> drained(number_sorter<U>& sorter, std::size_t most) {
  std::vector<U> all;
  for (auto next = sorter.next(most); !next.empty(); next = sorter.next(most)) {
    EXPECT_LE(next.size(), most);
    all.insert(all.end(), next.begin(), next.end());
  }
  return all;
}

template <class U>
class NumberSorter : public testing::Test {};
using number_types = testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(NumberSorter, number_types);

TYPED_TEST(NumberSorter, GivesAllNumbersBackInOrder) {
  std::mt19937_64 random{seed};
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, many})
    for (const auto& [name, number] : shapes<TypeParam>(random)) {
      SCOPED_TRACE(std::to_string(n) + " numbers, " + name + ", seed " + std::to_string(seed));
      std::vector<TypeParam> numbers(n);
      for (std::size_t i = 0; i != n; ++i)
        numbers[i] = number(i);
      number_sorter<TypeParam> sorter;
      append_in_batches(sorter, numbers);
      ASSERT_EQ(sorter.size(), n);
      sorter.sort();
      const auto found = drained(sorter, 10'000);
      std::sort(numbers.begin(), numbers.end());
      ASSERT_TRUE(found == numbers);
    }
}

TYPED_TEST(NumberSorter, GivesAllNumbersBackUnsorted) {
  std::mt19937_64 random{seed};
  for (const std::size_t n : {std::size_t{0}, std::size_t{1000}, many}) {
    std::vector<TypeParam> numbers(n);
    for (auto& number : numbers)
      number = static_cast<TypeParam>(random());
    number_sorter<TypeParam> sorter;
    append_in_batches(sorter, numbers);
    const auto all = sorter.take_all();
    EXPECT_EQ(sorter.size(), 0U);
    EXPECT_EQ(sorter.bytes(), 0U);
    std::vector<TypeParam> found(all.data(), all.data() + all.size());
    std::sort(found.begin(), found.end());
    std::sort(numbers.begin(), numbers.end());
    ASSERT_TRUE(found == numbers) << n << " numbers, seed " << seed;
  }
}

TYPED_TEST(NumberSorter, HoldsLittleMoreThanTheNumbers) {
  std::mt19937_64 random{seed};
  number_sorter<TypeParam> sorter;
  std::vector<TypeParam> batch(10'000);
  for (std::size_t n = batch.size(); n <= 3'000'000; n += batch.size()) {
    for (auto& number : batch)
      number = static_cast<TypeParam>(random());
    sorter.append(batch);
    const auto bytes = n * sizeof(TypeParam);
    ASSERT_GE(sorter.bytes(), bytes);
    ASSERT_LE(sorter.bytes(), bytes * 9 / 8 + (std::size_t{7} << 20)) << n;
  }
}

} // namespace
} // namespace crema::internal
