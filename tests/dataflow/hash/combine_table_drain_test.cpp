#include "tests/dataflow/hash/combine_table_fixture.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <vector>

namespace crema::internal {
namespace {

enum class watched : uint64_t {};
uint64_t visited_slots = 0;

struct watched_layout : direct_layout<watched, uint64_t> {
  static bool matches(const slot& s, const probe& key) noexcept {
    ++visited_slots;
    return direct_layout::matches(s, key);
  }
};

} // namespace

template <>
struct combine_layout<watched, uint64_t> {
  using type = watched_layout;
};

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

TEST(CombineTableDrain, GoesBySpreadHashAfterSorting) {
  for (const int n : {0, 1, 5, 3000, 100'000}) {
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
      auto hashes = drained_hashes(table);
      for (auto& hash : hashes)
        hash = mix64(hash);
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
  constexpr uint64_t keys = 50'000;
  combine_table<watched, sum> first;
  for (uint64_t i = 0; i < keys; ++i)
    first.add(watched{i * 977}, 1);
  combine_table<watched, sum> second;
  while (first.drain(1000, [&](watched key, uint64_t&& n) { second.merge(key, n); })) {
  }
  combine_table<watched, sum> third;
  while (second.drain(1000, [&](watched key, uint64_t&& n) { third.merge(key, n); })) {
  }
  third.flush();
  EXPECT_EQ(third.size(), keys);
  EXPECT_LT(visited_slots, 3 * 3 * keys);
}

TEST(CombineTableKeys, InPatternsDoNotPileUp) {
  constexpr uint64_t keys = 5'000;
  const std::pair<const char*, uint64_t (*)(uint64_t)> patterns[] = {
    {"dense", [](uint64_t i) { return i; }},
    {"negative", [](uint64_t i) { return ~i; }},
    {"multiples", [](uint64_t i) { return i * 4096; }},
    {"high bits", [](uint64_t i) { return i << 40; }},
    {"grid", [](uint64_t i) { return (i % 224) << 32 | i / 224; }},
    {"doubles", [](uint64_t i) { return std::bit_cast<uint64_t>(static_cast<double>(i)); }},
  };
  for (const auto& [name, pattern] : patterns)
    for (uint64_t first = 1; first <= 20; ++first) { // each gives the table another mapping
      visited_slots = 0;
      combine_table<watched, sum> table;
      table.add(watched{first * 1'000'003}, 1);
      for (uint64_t i = 0; i < keys; ++i)
        table.add(watched{pattern(i)}, 1);
      table.flush();
      EXPECT_LT(visited_slots, 3 * keys) << name << ", first " << first;
    }
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
