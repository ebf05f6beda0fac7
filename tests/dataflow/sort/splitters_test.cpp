#include "dataflow/sort/splitters.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace crema::internal {
namespace {

constexpr auto itself = [](const auto& x) -> const auto& {
  return x;
};

template <class K>
key_sample<K> sample_of(const std::vector<K>& keys, std::size_t capacity, std::uint64_t seed = 1) {
  sampler<K> sample{capacity, seed};
  sample.add_batch(std::span{keys}, itself);
  return sample.take();
}

template <class K, class Compare>
std::vector<std::size_t> counts(const std::vector<K>& keys, const range_partitioner<K, Compare>& range, std::size_t n) {
  std::vector<std::size_t> counted(n);
  for (const K& key : keys)
    ++counted.at(range(key));
  return counted;
}

std::vector<std::uint64_t> random_numbers(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::vector<std::uint64_t> numbers(n);
  std::generate(numbers.begin(), numbers.end(), std::ref(random));
  return numbers;
}

TEST(Sampler, KeepsAllOfFewKeys) {
  const std::vector<int> keys{5, 1, 4, 1};
  const auto sample = sample_of(keys, 10);
  EXPECT_EQ(sample.keys, keys);
  EXPECT_EQ(sample.seen, 4U);
}

TEST(Sampler, KeepsABoundedNumberSpreadOverTheWholeStream) {
  std::vector<int> keys(1'000'003);
  for (std::size_t i = 0; i != keys.size(); ++i)
    keys[i] = static_cast<int>(i);
  const auto sample = sample_of(keys, 100);
  EXPECT_GE(sample.keys.size(), 100U);
  EXPECT_LT(sample.keys.size(), 200U);
  EXPECT_EQ(sample.seen, keys.size());
  EXPECT_TRUE(std::is_sorted(sample.keys.begin(), sample.keys.end()));
  EXPECT_GT(sample.keys.back(), 950'000);
}

TEST(Sampler, DrawsEveryPlaceEquallyOften) {
  std::vector<int> drawn(64);
  std::vector<int> keys(64);
  for (int i = 0; i != 64; ++i)
    keys[static_cast<std::size_t>(i)] = i;
  for (std::uint64_t seed = 0; seed != 8000; ++seed)
    for (const int key : sample_of(keys, 4, seed).keys)
      ++drawn[static_cast<std::size_t>(key)];
  for (const int times : drawn) // 500 expected, standard deviation about 22
    EXPECT_NEAR(times, 500, 110);
}

TEST(Sampler, IsTheSameKeyByKeyAndInBatches) {
  const auto keys = random_numbers(10'000, 4);
  sampler<std::uint64_t> single{30, 9};
  for (const auto key : keys)
    single.add(key);
  sampler<std::uint64_t> batches{30, 9};
  for (std::size_t at = 0; at < keys.size(); at += 77)
    batches.add_batch(std::span{keys}.subspan(at, std::min<std::size_t>(77, keys.size() - at)), itself);
  EXPECT_EQ(single.take().keys, batches.take().keys);
}

TEST(Splitters, CutRandomKeysIntoEqualParts) {
  const auto keys = random_numbers(200'000, 5);
  const auto splitters = choose_splitters<std::uint64_t, std::less<>>({sample_of(keys, 400 * 16)}, 16);
  ASSERT_EQ(splitters.size(), 15U);
  EXPECT_TRUE(std::is_sorted(splitters.begin(), splitters.end()));
  for (const auto count : counts(keys, range_partitioner<std::uint64_t, std::less<>>{splitters}, 16))
    EXPECT_NEAR(static_cast<double>(count), 12'500, 2'500);
}

TEST(Splitters, WeighSamplesByWhatTheySaw) {
  std::vector<int> many(100'000);
  for (std::size_t i = 0; i != many.size(); ++i)
    many[i] = static_cast<int>(i % 1000);
  const std::vector<int> few(100, 5000);
  const auto splitters = choose_splitters<int, std::less<>>({sample_of(many, 100), sample_of(few, 100)}, 2);
  ASSERT_EQ(splitters.size(), 1U);
  EXPECT_NEAR(splitters[0], 500, 100);
}

TEST(Splitters, NameAHotKeyOnce) {
  std::vector<int> keys(10'000, 7);
  for (int i = 0; i != 1000; ++i)
    keys.push_back(i);
  const auto splitters = choose_splitters<int, std::less<>>({sample_of(keys, 1000)}, 8);
  EXPECT_LE(splitters.size(), 3U);
  EXPECT_EQ(std::adjacent_find(splitters.begin(), splitters.end()), splitters.end());
}

TEST(Splitters, OfNothingAreNone) {
  EXPECT_TRUE((choose_splitters<int, std::less<>>({}, 8).empty()));
  EXPECT_TRUE((choose_splitters<int, std::less<>>({key_sample<int>{}, key_sample<int>{}}, 8).empty()));
  EXPECT_TRUE((choose_splitters<int, std::less<>>({key_sample<int>{{1, 2, 3}, 3}}, 1).empty()));
  EXPECT_EQ((range_partitioner<int, std::less<>>{{}}(5)), 0U);
}

TEST(Splitters, SurviveAComparatorThatIsNoOrder) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> keys;
  for (int i = 0; i != 1000; ++i)
    keys.push_back(i % 3 == 0 ? nan : std::sin(i));
  const auto raw_less = [](double a, double b) { return a < b; };
  const auto splitters = choose_splitters<double, decltype(raw_less)>({sample_of(keys, 300)}, 16);
  EXPECT_LE(splitters.size(), 15U);
  const range_partitioner<double, decltype(raw_less)> range{splitters};
  for (const double key : keys)
    EXPECT_LE(range(key), splitters.size());
}

// The oracle counts the splitters that are not after the key one by one.
template <class K, class Compare>
void expect_ranges(std::vector<K> splitters, const std::vector<K>& keys) {
  const sort_order<K, Compare> order{};
  std::sort(splitters.begin(), splitters.end(), order);
  splitters.erase(std::unique(splitters.begin(), splitters.end()), splitters.end());
  const range_partitioner<K, Compare> range{splitters};
  for (const K& key : keys) {
    std::size_t expected = 0;
    while (expected != splitters.size() && !order(key, splitters[expected]))
      ++expected;
    ASSERT_EQ(range(key), expected);
  }
}

TEST(RangePartitioner, CountsTheSplittersThatAreNotAfterAKey) {
  for (std::size_t n = 0; n != 40; ++n) {
    auto keys = random_numbers(200, n);
    for (auto& key : keys)
      key %= 64;
    const std::vector<std::uint64_t> splitters(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(n));
    expect_ranges<std::uint64_t, std::less<>>(splitters, keys);
    expect_ranges<std::uint64_t, std::greater<>>(splitters, keys);
    expect_ranges<std::uint64_t, bool (*)(std::uint64_t, std::uint64_t)>({}, {});
    std::vector<std::string> strings;
    for (const auto key : keys)
      strings.push_back((key % 2 == 0 ? "shared-prefix-" : "") + std::to_string(key));
    const std::vector<std::string> ends(strings.begin(), strings.begin() + static_cast<std::ptrdiff_t>(n));
    expect_ranges<std::string, std::less<>>(ends, strings);
    expect_ranges<std::string, std::greater<std::string>>(ends, strings);
  }
}

TEST(RangePartitioner, SendsEqualNumbersToOneRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const range_partitioner<double, std::less<>> range{{-1.0, 0.0, 5.0}};
  EXPECT_EQ(range(-0.0), range(0.0));
  EXPECT_EQ(range(nan), range(-nan));
  EXPECT_EQ(range(nan), 3U);
}

} // namespace
} // namespace crema::internal
