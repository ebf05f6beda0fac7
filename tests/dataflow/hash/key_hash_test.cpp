#include "dataflow/hash/key_hash.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

using namespace crema;

namespace {

enum class colour : std::int8_t { unknown = -1, red = 2 };

struct no_hash {
  bool operator==(const no_hash&) const = default;
};

// Letters a to z, again and again: the text of the test vectors.
std::string letters(std::size_t n) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i)
    text += static_cast<char>('a' + i % 26);
  return text;
}

} // namespace

namespace user {

struct point {
  int x;
  int y;
  bool operator==(const point&) const = default;
};

std::uint64_t hash_value(const point& p) {
  return crema::key_hash(std::pair{p.x, p.y});
}

struct small_id {
  std::int8_t id;
  bool operator==(const small_id&) const = default;
};

int hash_value(small_id key) {
  return key.id;
}

struct no_equality {};

std::uint64_t hash_value(const no_equality&) {
  return 1;
}

} // namespace user

// Changing any of these loses compatibility: see docs/wire.md, which lists the same vectors.
TEST(KeyHash, OfTextNeverChanges) {
  const std::pair<std::size_t, std::uint64_t> vectors[] = {
    {0, 0x46d1fe9983bb2c1e},   {1, 0x92def89a434873c5},    {2, 0x85b05b03adecc90f},  {3, 0x1fe2dd3b21a624b0},
    {4, 0x6988ed6e7ca9df8c},   {7, 0xa1db7a83d756d0c1},    {8, 0x99d7ae66c12c2a21},  {11, 0x3a79775088b59b39},
    {15, 0xf72769a94d4b530e},  {16, 0x31884d54cf1feb4f},   {17, 0x0ddfbaff2c675b08}, {31, 0xbe0fdb5232f09f3f},
    {32, 0xdc8b62f83e3c6eab},  {33, 0xe4adad18ab277db5},   {64, 0x1d1dd9106a32f121}, {65, 0xa9d9e7db7b7484dd},
    {100, 0xf6c37e796f74d2f6}, {1000, 0x0ca2aed0a76b0730},
  };
  for (const auto& [length, hash] : vectors)
    EXPECT_EQ(key_hash(letters(length)), hash) << length << " letters";
  EXPECT_EQ(key_hash(std::string{"crema"}), 0xced23257be7cad85);
}

TEST(KeyHash, OfNumbersNeverChanges) {
  EXPECT_EQ(key_hash(0.0), 0U);
  EXPECT_EQ(key_hash(1.0), 0x67a21d69ed6b257a);
  EXPECT_EQ(key_hash(-1.5), 0xd4887a33c212cc82);
  EXPECT_EQ(key_hash(std::nan("")), 0x5c0b6982bf35d5cb);
  EXPECT_EQ(mix64(0), 0U);
  EXPECT_EQ(mix64(1), 0x3c02aa47758292bd);
  EXPECT_EQ(mix64(~std::uint64_t{0}), 0x78a9666a39c1a1b5);
}

TEST(KeyHash, OfCompositesNeverChanges) {
  using namespace std::string_literals;
  EXPECT_EQ(key_hash(std::pair{1, 2}), 0xcb9b17441e21bcd2);
  EXPECT_EQ(key_hash(std::pair{"a"s, -1}), 0x4b5a0c10835c1db5);
  EXPECT_EQ(key_hash(std::tuple{}), 0xa54ff53a5f1d36f1);
  EXPECT_EQ(key_hash(std::tuple{1, "x"s, true}), 0xf3efd08b99aa13eb);
  EXPECT_EQ(key_hash(std::vector<int>{}), 0x15ff6ceb483da16d);
  EXPECT_EQ(key_hash(std::vector{1, 2, 3}), 0xe55c5bb8398ba613);
  EXPECT_EQ(key_hash(std::variant<int, std::string>{7}), 0xd137b5c1778c82ca);
  EXPECT_EQ(key_hash(std::variant<int, std::string>{"x"s}), 0xf954061f6f78ef9b);
  EXPECT_EQ(key_hash(std::unordered_set{1, 2, 3}), 0x2b3c56e63d78050d);
  EXPECT_EQ(key_hash(std::map<int, std::string>{{1, "x"}}), 0x82dcc2b9aee55955);
}

TEST(KeyHash, OfAnIntegerIsTheInteger) {
  static_assert(key_hash(7) == 7 && key_hash(std::int8_t{-1}) == ~std::uint64_t{0});
  EXPECT_EQ(key_hash('a'), 97U);
  EXPECT_EQ(key_hash(true), 1U);
  EXPECT_EQ(key_hash(colour::unknown), ~std::uint64_t{0});
  EXPECT_EQ(key_hash(std::uint8_t{255}), 255U);
  EXPECT_EQ(key_hash(std::int64_t{-5}), key_hash(-5));
  EXPECT_EQ(key_hash(std::chrono::seconds{-5}), key_hash(-5));
  EXPECT_EQ(key_hash(std::chrono::system_clock::time_point{std::chrono::nanoseconds{9}}), 9U);
}

TEST(KeyHash, OfEqualKeysIsEqual) {
  EXPECT_EQ(key_hash(-0.0), key_hash(0.0));
  EXPECT_EQ(key_hash(-0.0f), key_hash(0.0));
  EXPECT_EQ(key_hash(1.5f), key_hash(1.5));
  EXPECT_EQ(key_hash(1.5L), key_hash(1.5));
  EXPECT_EQ(key_hash(-std::numeric_limits<float>::quiet_NaN()), key_hash(std::nan("7")));
  EXPECT_EQ(key_hash(std::string_view{"word"}), key_hash(std::string{"word"}));
  EXPECT_EQ(key_hash(std::array<char, 4>{'w', 'o', 'r', 'd'}), key_hash(std::string{"word"}));
  EXPECT_EQ(key_hash(std::vector<unsigned char>{'w', 'o', 'r', 'd'}), key_hash(std::string{"word"}));
  EXPECT_EQ(key_hash(std::vector{-0.0}), key_hash(std::vector{0.0}));
  EXPECT_EQ(key_hash(std::optional<int>{}), 0U);
  EXPECT_EQ(key_hash(std::optional<int>{5}), key_hash(5));
  EXPECT_EQ(key_hash(std::monostate{}), 0U);
}

TEST(KeyHash, OfUnorderedContainersDoesNotDependOnTheirOrder) {
  std::unordered_map<int, std::string> few;
  std::unordered_map<int, std::string> many(1000);
  for (int i = 0; i < 100; ++i) {
    few.emplace(i, letters(static_cast<std::size_t>(i)));
    many.emplace(99 - i, letters(static_cast<std::size_t>(99 - i)));
  }
  ASSERT_EQ(few, many);
  EXPECT_EQ(key_hash(few), key_hash(many));
  many.at(3) = "other";
  EXPECT_NE(key_hash(few), key_hash(many));
}

TEST(KeyHash, OfUserTypesComesFromHashValue) {
  EXPECT_EQ(key_hash(user::point{1, 2}), key_hash(std::pair{1, 2}));
  EXPECT_EQ(key_hash(user::small_id{-2}), key_hash(-2));
  EXPECT_EQ(key_hash(std::vector<user::point>{{1, 2}}), key_hash(std::vector{std::pair{1, 2}}));
}

TEST(KeyHash, DependsOnOrderPositionAndLength) {
  EXPECT_NE(key_hash(std::pair{1, 2}), key_hash(std::pair{2, 1}));
  EXPECT_NE(key_hash(std::vector<int>{0}), key_hash(std::vector<int>{0, 0}));
  EXPECT_NE(key_hash(std::string(1, '\0')), key_hash(std::string(2, '\0')));
  EXPECT_NE(key_hash(std::variant<int, long>{1}), key_hash(std::variant<int, long>{1L}));
  auto text = letters(100);
  std::set<std::uint64_t> seen{key_hash(text)};
  for (auto& letter : text) {
    letter ^= 1;
    EXPECT_TRUE(seen.insert(key_hash(text)).second);
    letter ^= 1;
  }
}

TEST(KeyHash, ConceptSaysWhatCanBeAKey) {
  static_assert(
    hashable_key<int> && hashable_key<std::string> && hashable_key<std::string_view> && hashable_key<double>);
  static_assert(hashable_key<std::map<std::string, std::vector<std::pair<int, bool>>>> && hashable_key<user::point>);
  static_assert(hashable_key<std::vector<bool>> && hashable_key<std::tuple<>> && hashable_key<std::u16string>);
  static_assert(!hashable_key<int*> && !hashable_key<const char*> && !hashable_key<std::shared_ptr<int>>);
  static_assert(!hashable_key<no_hash> && !hashable_key<user::no_equality> && !hashable_key<std::vector<no_hash>>);
  static_assert(!hashable_key<std::pair<int, int*>> && !hashable_key<std::optional<no_hash>>);
}

namespace {

// The chance of a fair hash to fail: below 1e-9 for 6 standard deviations in each of some 100 buckets.
void expect_even(const std::vector<std::uint64_t>& hashes, int buckets, std::uint64_t (*bits)(std::uint64_t)) {
  std::vector<double> counts(static_cast<std::size_t>(buckets));
  const hash_partitioner place{buckets};
  for (const auto hash : hashes)
    ++counts[static_cast<std::size_t>(place.of_hash<std::string>(bits(hash)))];
  const auto expected = static_cast<double>(hashes.size()) / buckets;
  for (const auto count : counts)
    EXPECT_NEAR(count, expected, 6 * std::sqrt(expected)) << buckets << " buckets";
}

void expect_spread(std::vector<std::uint64_t> hashes) {
  for (const auto buckets : {2, 3, 7, 64, 100}) {
    expect_even(hashes, buckets, [](std::uint64_t h) { return h; });
    expect_even(hashes, buckets, [](std::uint64_t h) { return h >> 40; });
    expect_even(hashes, buckets, [](std::uint64_t h) { return mix64(h) >> 32; });
  }
  std::sort(hashes.begin(), hashes.end());
  EXPECT_EQ(std::adjacent_find(hashes.begin(), hashes.end()), hashes.end());
}

} // namespace

TEST(KeyHash, SpreadsNumberedTexts) {
  for (const std::string prefix :
       {"", "k", "user-", "https://example.org/item/", "a prefix of more than thirty-two bytes: "}) {
    std::vector<std::uint64_t> hashes;
    for (int i = 0; i < 100'000; ++i)
      hashes.push_back(key_hash(prefix + std::to_string(i)));
    expect_spread(std::move(hashes));
  }
}

TEST(KeyHash, SpreadsSparseTexts) {
  std::vector<std::uint64_t> hashes; // 1 to 50 zero bytes in which one or two bits are set
  for (std::size_t n = 1; n <= 50; ++n)
    for (std::size_t one = 0; one < 8 * n; ++one)
      for (std::size_t other = one; other < 8 * n; other += 11) {
        std::string text(n, '\0');
        text[one / 8] = static_cast<char>(text[one / 8] | 1 << one % 8);
        text[other / 8] = static_cast<char>(text[other / 8] | 1 << other % 8);
        hashes.push_back(key_hash(text));
      }
  expect_spread(std::move(hashes));
}

TEST(KeyHash, SpreadsPairsOfSmallNumbers) {
  std::vector<std::uint64_t> hashes;
  for (int x = -200; x < 200; ++x)
    for (int y = -200; y < 200; ++y)
      hashes.push_back(key_hash(std::pair{x, y}));
  expect_spread(std::move(hashes));
}

TEST(KeyHash, SpreadsWholeNumbersHeldInDoubles) {
  std::vector<std::uint64_t> hashes;
  for (int i = 0; i < 100'000; ++i)
    hashes.push_back(key_hash(static_cast<double>(i)));
  expect_spread(std::move(hashes));
}

TEST(HashPartitioner, PutsIntegersByFlooredModulus) {
  for (const int key : {1, 3, 2, 7, 8, 5})
    EXPECT_EQ(partition_of(key, 2), key % 2);
  EXPECT_EQ(partition_of(-1, 4), 3);
  EXPECT_EQ(partition_of(-1, 3), 2);
  EXPECT_EQ(partition_of(-6, 3), 0);
  EXPECT_EQ(partition_of(colour::unknown, 3), 2);
  EXPECT_EQ(partition_of(~std::uint64_t{0}, 3), 0); // unsigned: 2^64 - 1 is a multiple of 3
  EXPECT_EQ(partition_of(std::optional<int>{}, 3), 0);
}

TEST(HashPartitioner, AgreesWithTheModulusOfEveryValue) {
  std::mt19937_64 rng{1};
  const std::int64_t edges[] = {0, 1, -1, std::numeric_limits<std::int64_t>::min(),
                                std::numeric_limits<std::int64_t>::max()};
  for (const int n : {1, 2, 3, 5, 7, 10, 64, 100, 641, 65'537, 1'000'000'007, std::numeric_limits<int>::max()}) {
    const hash_partitioner place{n};
    for (int i = 0; i < 20'000; ++i) {
      const auto value = i < 5 ? edges[i] : static_cast<std::int64_t>(rng() >> rng() % 64) * (i % 2 == 0 ? 1 : -1);
      const auto floored = (value % n + n) % n;
      ASSERT_EQ(place(value), floored) << value << " of " << n;
      const auto hash = static_cast<std::uint64_t>(value);
      ASSERT_EQ(place(hash), static_cast<int>(hash % static_cast<std::uint64_t>(n))) << hash << " of " << n;
    }
  }
}

TEST(HashPartitioner, RefusesLessThanOnePartition) {
  for (const int n : {0, -3}) {
    try {
      hash_partitioner{n};
      ADD_FAILURE() << "accepts " << n;
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
    }
  }
}
