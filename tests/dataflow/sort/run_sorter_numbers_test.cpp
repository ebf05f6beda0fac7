#include "tests/dataflow/sort/run_sorter_checks.hpp"

#include <bit>
#include <limits>

namespace crema::internal {
namespace {

// Numbers that are their own keys, compared bit by bit.
template <class N>
void expect_plain(const std::vector<N>& numbers, std::uint64_t seed) {
  const auto bits = [](N x) { return std::bit_cast<unsigned_of_size<sizeof(N)>>(x); };
  const auto check = [&](auto compare, const oracle<N>& less) {
    run_sorter<N, decltype(itself), decltype(compare)> sorter{itself, compare};
    append_in_batches(sorter, numbers, seed);
    sorter.sort();
    const auto sorted = drained(sorter, 999, std::type_identity<N>{});
    auto expected = numbers;
    std::stable_sort(expected.begin(), expected.end(), less);
    ASSERT_EQ(sorted.size(), expected.size());
    for (std::size_t i = 0; i != expected.size(); ++i)
      ASSERT_EQ(bits(sorted[i]), bits(expected[i])) << "at " << i << " of " << numbers.size() << ", seed " << seed;
  };
  check(std::less<>{}, [](N a, N b) { return total_less(a, b); });
  check(std::greater<>{}, [](N a, N b) { return total_less(b, a); });
}

template <class N>
std::vector<std::vector<N>> number_shapes(std::size_t n) {
  std::mt19937_64 random{n};
  const auto any = [&] {
    if constexpr (std::is_same_v<N, bool>)
      return random() % 2 == 0;
    else
      return std::bit_cast<N>(static_cast<unsigned_of_size<sizeof(N)>>(random()));
  };
  const auto filled = [n](auto next) {
    std::vector<N> numbers;
    for (std::size_t i = 0; i != n; ++i)
      numbers.push_back(static_cast<N>(next(i)));
    return numbers;
  };
  return {filled([&](std::size_t) { return any(); }),
          filled([&](std::size_t) { return static_cast<int>(random() % 9) - 4; }),
          filled([](std::size_t) { return 3; }),
          filled([](std::size_t i) { return i; }),
          filled([n](std::size_t i) { return n - i; }),
          filled([&, some = std::vector<N>{any(), any(), any()}](std::size_t) -> N { return some[random() % 3]; })};
}

template <class N>
class RunSorterOfNumbers : public testing::Test {};
using number_types = testing::Types<bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                                    std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(RunSorterOfNumbers, number_types);

const std::vector<std::size_t> sizes{0, 1, 2, 3, 17, 300, 5000};

TYPED_TEST(RunSorterOfNumbers, SortsNumbersLikeAStableSort) {
  for (const std::size_t n : sizes)
    for (const auto& numbers : number_shapes<TypeParam>(n))
      ASSERT_NO_FATAL_FAILURE(expect_plain(numbers, n));
}

TYPED_TEST(RunSorterOfNumbers, SortsRecordsByANumberLikeAStableSort) {
  for (const std::size_t n : sizes)
    for (const auto& numbers : number_shapes<TypeParam>(n))
      ASSERT_NO_FATAL_FAILURE(expect_both_directions(numbers, n));
}

TEST(RunSorterOrder, KeepsZerosAndNansInTheOrderTheyCame) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::mt19937_64 random{11};
  const std::vector<double> some{0.0, -0.0, nan, -nan, std::nan("77"), 1.0, -1.0, INFINITY, -INFINITY};
  for (const std::size_t n : {3U, 50U, 3000U}) {
    std::vector<double> keys;
    for (std::size_t i = 0; i != n; ++i)
      keys.push_back(i < n / 2 ? static_cast<double>(i % 7) : some[random() % some.size()]);
    expect_both_directions(keys, n);
    expect_plain(keys, n);
    expect_plain(std::vector<float>(keys.begin(), keys.end()), n);
  }
}

TEST(RunSorterOrder, SortsNumbersByAnotherNumber) {
  const auto negated = [](std::int64_t x) { return -x; };
  std::vector<std::int64_t> numbers(10'000);
  std::mt19937_64 random{5};
  for (auto& x : numbers)
    x = static_cast<std::int64_t>(random() % 1'000'000);
  run_sorter<std::int64_t, decltype(negated), std::less<>> sorter{negated};
  append_in_batches(sorter, numbers, 5);
  sorter.sort();
  std::sort(numbers.begin(), numbers.end(), std::greater<>{});
  EXPECT_EQ(drained(sorter, 64, std::type_identity<std::int64_t>{}), numbers);
}

TEST(RunSorterOrder, ChangesItsWayEvenAfterAMillionNumbers) {
  std::vector<double> numbers;
  for (int i = 0; i != 1'100'000; ++i)
    numbers.push_back(i * 7 % 1000 - 500);
  numbers.push_back(-0.0);
  expect_plain(numbers, 8);
}

TEST(RunSorterOrder, ChangesItsWayWhenAKeyIsNotItsNumberAnyMore) {
  const auto last_digit_from_100 = [](int x) { return x < 100 ? x : x % 10; };
  std::vector<int> numbers;
  for (int i = 0; i != 5000; ++i)
    numbers.push_back(i * 7 % (i < 2500 ? 100 : 1000));
  run_sorter<int, decltype(last_digit_from_100), std::greater<>> sorter{last_digit_from_100};
  append_in_batches(sorter, numbers, 6);
  sorter.sort();
  std::stable_sort(numbers.begin(), numbers.end(),
                   [&](int a, int b) { return last_digit_from_100(a) > last_digit_from_100(b); });
  EXPECT_EQ(drained(sorter, 100, std::type_identity<int>{}), numbers);
}

} // namespace
} // namespace crema::internal
