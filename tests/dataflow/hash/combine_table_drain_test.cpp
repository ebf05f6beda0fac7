#include "tests/dataflow/hash/combine_table_fixture.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace crema::internal {
namespace {

template <class Table>
std::vector<uint64_t> drained_hashes(Table& table) {
  std::vector<uint64_t> hashes;
  while (table.drain_hashed(100, [&](const auto& key, uint64_t hash, auto&&) {
    EXPECT_EQ(hash, crema::key_hash(key));
    hashes.push_back(hash);
  })) {
  }
  return hashes;
}

TEST(CombineTableDrain, GoesByKeyHashAfterSorting) {
  for (const int n : {0, 1, 5, 3000}) {
    combine_table<int, sum> numbers;
    combine_table<std::string, sum> words;
    combine_table<std::pair<std::string, int>, sum> pairs;
    for (int i = 0; i < n; ++i) {
      numbers.add(i - n / 2, 1);
      words.add(std::string(static_cast<std::size_t>(i % 20), 'x') + std::to_string(i), 1);
      pairs.add(std::pair{std::string{"p"}, i}, 1);
    }
    const auto check = [&](auto& table) {
      table.sort_by_hash();
      const auto hashes = drained_hashes(table);
      EXPECT_EQ(hashes.size(), static_cast<std::size_t>(n));
      EXPECT_TRUE(std::is_sorted(hashes.begin(), hashes.end()));
      EXPECT_EQ(table.size(), 0u);
    };
    check(numbers);
    check(words);
    check(pairs);
    numbers.add(0, 1);
    EXPECT_EQ(contents(numbers), (std::map<int, uint64_t>{{0, 1}}));
  }
}

TEST(CombineTableDrain, HandsOutTheHashOfEveryKey) {
  combine_table<std::string, sum> words;
  combine_table<double, sum> numbers;
  for (int i = 0; i < 500; ++i) {
    words.add(std::string(static_cast<std::size_t>(i), 'w'), 1);
    numbers.add(i * 0.25, 1);
  }
  EXPECT_EQ(drained_hashes(words).size(), 500u);
  EXPECT_EQ(drained_hashes(numbers).size(), 500u);
}

TEST(CombineTableDrain, IntoAnotherTableDoesNotPileUp) {
  // With one mapping for both tables the second fills from one end, and this takes minutes.
  combine_table<uint64_t, sum> first;
  for (uint64_t i = 0; i < 300'000; ++i)
    first.add(i * 977, 1);
  combine_table<uint64_t, sum> second;
  while (first.drain(1000, [&](uint64_t key, uint64_t&& n) { second.merge(key, n); })) {
  }
  combine_table<uint64_t, sum> third;
  while (second.drain(1000, [&](uint64_t key, uint64_t&& n) { third.merge(key, n); })) {
  }
  third.flush();
  EXPECT_EQ(third.size(), 300'000u);
}

TEST(CombineTableDrain, IsTheSameInEveryRun) {
  const auto order = [] {
    combine_table<std::string, sum> table;
    for (int i = 0; i < 5000; ++i)
      table.add(std::to_string(i) + std::string(static_cast<std::size_t>(i % 30), 'y'), 1);
    std::vector<std::string> keys;
    table.drain(5000, [&](std::string_view key, uint64_t&&) { keys.emplace_back(key); });
    return keys;
  };
  EXPECT_EQ(order(), order());
}

TEST(CombineTableDrain, KeepsAnEntryWhoseCallbackThrew) {
  combine_table<std::string, concatenating> table;
  for (int i = 0; i < 100; ++i)
    table.add(std::to_string(i), std::string(50, 'v'));
  int calls = 0;
  EXPECT_THROW(table.drain(100,
                           [&](std::string_view, std::string&&) {
                             if (++calls == 40)
                               throw std::runtime_error{"enough"};
                           }),
               std::runtime_error);
  EXPECT_EQ(table.size(), 61u);
  EXPECT_EQ(contents(table).size(), 61u);
}

} // namespace
} // namespace crema::internal
