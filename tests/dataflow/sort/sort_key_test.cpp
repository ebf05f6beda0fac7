#include "dataflow/sort/sort_key.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

namespace crema::internal {
namespace {

enum class level : std::int8_t { low = -3, mid = 0, high = 90 };

template <class K>
void expect_bits_ascend(const std::vector<K>& ascending) {
  for (std::size_t i = 0; i != ascending.size(); ++i)
    for (std::size_t j = 0; j != ascending.size(); ++j)
      EXPECT_EQ(order_bits(ascending[i]) < order_bits(ascending[j]), i < j) << i << " and " << j;
}

// Prefixes may be equal for keys that differ, but never contradict the order of the keys.
template <class K>
void expect_prefixes_ascend(const std::vector<K>& ascending) {
  using prefix = sort_prefix<K>;
  for (std::size_t i = 0; i != ascending.size(); ++i)
    for (std::size_t j = i + 1; j != ascending.size(); ++j) {
      ASSERT_TRUE(ascends(ascending[i], ascending[j])) << i << " and " << j;
      EXPECT_LE(prefix::of(ascending[i]), prefix::of(ascending[j])) << i << " and " << j;
      if (prefix::decides(prefix::of(ascending[i]))) {
        EXPECT_LT(prefix::of(ascending[i]), prefix::of(ascending[j])) << i << " and " << j;
      }
    }
}

template <class N>
std::vector<N> corners() {
  using limits = std::numeric_limits<N>;
  if constexpr (std::is_floating_point_v<N>)
    return {-limits::infinity(),  limits::lowest(), -1, -limits::min(), -limits::denorm_min(), 0,
            limits::denorm_min(), limits::min(),    1,  limits::max(),  limits::infinity(),    limits::quiet_NaN()};
  else if constexpr (std::is_signed_v<N>)
    return {limits::min(), static_cast<N>(limits::min() + 1), -1, 0, 1, limits::max()};
  else
    return {0, 1, limits::max() / 2, static_cast<N>(limits::max() / 2 + 1), limits::max()};
}

template <class N>
class SortKeyOfNumbers : public testing::Test {};
using numbers = testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                               std::int64_t, std::uint64_t, float, double, char, wchar_t, char16_t>;
TYPED_TEST_SUITE(SortKeyOfNumbers, numbers);

TYPED_TEST(SortKeyOfNumbers, BitsAscendWithTheNumbers) {
  expect_bits_ascend(corners<TypeParam>());
}

TYPED_TEST(SortKeyOfNumbers, BitsGiveTheNumberBack) {
  for (const TypeParam number : corners<TypeParam>())
    if (number == number) {
      EXPECT_EQ(from_order_bits<TypeParam>(order_bits(number)), number);
    }
}

TYPED_TEST(SortKeyOfNumbers, PrefixesDecide) {
  expect_prefixes_ascend(corners<TypeParam>());
}

TEST(SortKey, EnumeratorsAndBoolsAscend) {
  expect_bits_ascend<level>({level::low, level::mid, level::high});
  EXPECT_LT(order_bits(false), order_bits(true));
}

TEST(SortKey, TheZerosAreEqual) {
  EXPECT_EQ(order_bits(-0.0), order_bits(0.0));
  EXPECT_EQ(order_bits(-0.0F), order_bits(0.0F));
}

TEST(SortKey, AllNansAreEqualAndLast) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(order_bits(nan), order_bits(-nan));
  EXPECT_EQ(order_bits(nan), order_bits(std::nan("7")));
  EXPECT_TRUE(ascends(std::numeric_limits<double>::infinity(), nan));
  EXPECT_FALSE(ascends(nan, -1.0));
  EXPECT_FALSE(ascends(nan, nan));
}

TEST(SortKey, StringsAscendAsUnsignedBytes) {
  using namespace std::string_literals;
  expect_prefixes_ascend<std::string>({""s, "\0"s, "\0\0"s, "\0a"s, "a"s, "a\0"s, "a\0b"s, "ab"s, "abcdef"s, "abcdefg"s,
                                       "abcdefg\0"s, "abcdefga"s, "abcdefgaaaaaa"s, "b"s, "\x7f"s, "\x80"s, "\xff"s,
                                       "\xff\xff\xff\xff\xff\xff\xff"s, "\xff\xff\xff\xff\xff\xff\xff\xff"s});
}

TEST(SortKey, ArraysOfCharAscendAsChar) {
  expect_prefixes_ascend<std::array<char, 3>>(
    {{'\x80', 0, 0}, {'\xff', 0, 0}, {0, '\xff', 0}, {0, 0, 0}, {0, 0, 1}, {'a', 0, 0}});
  expect_prefixes_ascend<std::array<char, 10>>({{'\x80', 0, 0}, {'\xff', 0, 0}, {0, 0, 0}, {0, 0, 1}, {'a', 0, 0}});
}

TEST(SortKey, ArraysOfUnsignedBytesAscendAsSuch) {
  expect_prefixes_ascend<std::array<unsigned char, 9>>(
    {{0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 1}, {0, 0, 1}, {0x7f, 0xff, 0xff}, {0x80, 0, 0}, {0xff}});
  EXPECT_TRUE((sort_prefix<std::array<std::byte, 8>>::decides(0)));
  EXPECT_FALSE((sort_prefix<std::array<std::byte, 9>>::decides(0)));
}

TEST(SortKey, PairsAscendByFirstThenSecond) {
  using narrow = std::pair<std::int16_t, float>;
  static_assert(sort_prefix<narrow>::width == 48);
  expect_prefixes_ascend<narrow>({{-1, -2.F}, {-1, 0.F}, {-1, NAN}, {0, -1.F}, {0, 1.F}, {7, -9.F}});
  using bytes = std::pair<std::array<char, 3>, std::uint8_t>;
  static_assert(sort_prefix<bytes>::width == 32);
  expect_prefixes_ascend<bytes>({{{'a', '\xff', 0}, 9}, {{'a', 'a', 0}, 0}, {{'a', 'a', 0}, 0x80}, {{'b', 0, 0}, 0}});
  using mixed = std::tuple<std::int32_t, std::string, int>;
  static_assert(sort_prefix<mixed>::available && sort_prefix<mixed>::width == 0);
  expect_prefixes_ascend<mixed>({{-1, "z", 0}, {0, "", 1}, {0, "a", 0}, {0, "a", 1}, {0, "ab", 0}, {1, "", 0}});
}

TEST(SortKey, ANanWithinAPairIsLastThere) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_prefixes_ascend<std::pair<double, int>>({{1, 9}, {2, 1}, {nan, 1}, {nan, 2}});
}

TEST(SortKey, OtherTypesHaveNoPrefix) {
  EXPECT_FALSE((sort_prefix<std::pair<std::vector<int>, int>>::available));
  EXPECT_FALSE((sort_prefix<long double>::available));
  EXPECT_FALSE((has_prefix<int, bool (*)(int, int)>));
  EXPECT_FALSE((has_prefix<int, std::less<long>>));
}

TEST(SortKey, GreaterMirrorsTheOrder) {
  const sort_order<double, std::greater<>> order;
  EXPECT_TRUE(order(2.0, 1.0));
  EXPECT_TRUE(order(NAN, 1.0));
  EXPECT_FALSE(order(1.0, NAN));
  EXPECT_LT((directed_prefix<int, std::greater<int>>(2)), (directed_prefix<int, std::greater<int>>(1)));
}

} // namespace
} // namespace crema::internal
