#include "tests/dataflow/hash/combine_table_fixture.hpp"

#include <tuple>

namespace crema::internal {
namespace {

std::string printed_seed(uint64_t seed) {
  return "seed " + std::to_string(seed);
}

/// Random adds, merges, flushes, drains and clears against a std::map.
template <class K, class Combiner, class KeyOf, class ValueOf>
void agree_with_a_map(uint64_t seed, std::size_t rounds, KeyOf key_of, ValueOf value_of, std::size_t limit) {
  SCOPED_TRACE(printed_seed(seed));
  std::mt19937_64 random{seed};
  memory_budget budget{limit};
  combine_table<K, Combiner> table{reservation{budget}};
  std::map<K, typename Combiner::combined> oracle;
  const Combiner combiner;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (auto n = random() % 3000; n > 0; --n) {
      const K key = key_of(random);
      const auto v = value_of(random);
      auto at = oracle.find(key);
      if (round % 3 == 1) {
        if (at == oracle.end())
          oracle.emplace(key, v);
        else
          combiner.merge_combined(at->second, typename Combiner::combined(v));
        table.merge(key, v);
      } else {
        if (at == oracle.end())
          oracle.emplace(key, combiner.create(typename Combiner::value(v)));
        else
          combiner.merge_value(at->second, typename Combiner::value(v));
        table.add(K{key}, v);
      }
    }
    if (random() % 8 == 0) {
      table.clear();
      oracle.clear();
    } else if (random() % 4 == 0) {
      if (random() % 2 == 0)
        table.sort_by_hash();
      ASSERT_EQ(contents(table, 1 + random() % 500), oracle);
      oracle.clear();
      if (random() % 3 == 0)
        table.release();
    } else {
      table.flush();
      ASSERT_EQ(table.size(), oracle.size());
    }
  }
  EXPECT_EQ(contents(table), oracle);
}

template <class T>
auto small_number(std::mt19937_64& random) {
  return static_cast<T>(random() % 100);
}

struct grumpy {
  int number = 0;
  bool operator==(const grumpy&) const = default;
  auto operator<=>(const grumpy&) const = default;
  friend uint64_t hash_value(const grumpy&) { return 42; }
};

class CombineTable : public testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, CombineTable, testing::Values(1, 2, 3));

TEST_P(CombineTable, AgreesWithAMapOnNumbers) {
  for (const auto limit : {plenty, tiny}) {
    agree_with_a_map<uint64_t, sum>(
      GetParam(), 30, [](auto& random) { return random() % 5000; }, small_number<uint64_t>, limit);
    agree_with_a_map<std::int8_t, summing<std::int16_t>>(
      GetParam(), 10, [](auto& random) { return static_cast<std::int8_t>(random()); }, small_number<std::int16_t>,
      limit);
    agree_with_a_map<int, summing<double>>(
      GetParam(), 10, [](auto& random) { return static_cast<int>(random() << 20); }, small_number<double>, limit);
    agree_with_a_map<bool, sum>(
      GetParam(), 3, [](auto& random) { return random() % 2 == 0; }, small_number<uint64_t>, limit);
  }
}

TEST_P(CombineTable, AgreesWithAMapOnStrings) {
  for (const auto limit : {plenty, tiny}) {
    agree_with_a_map<std::string, sum>(GetParam(), 30, random_text, small_number<uint64_t>, limit);
    agree_with_a_map<std::string, concatenating>(GetParam(), 30, random_text, random_text, limit);
  }
}

TEST_P(CombineTable, AgreesWithAMapOnOtherKeys) {
  for (const auto limit : {plenty, tiny}) {
    using words = std::pair<std::string, int>;
    agree_with_a_map<words, sum>(
      GetParam(), 20,
      [](auto& random) {
        return words{random_text(random), random() % 3};
      },
      small_number<uint64_t>, limit);
    agree_with_a_map<uint64_t, concatenating>(
      GetParam(), 20, [](auto& random) { return random() % 5000; }, random_text, limit);
    using packed = std::tuple<std::int32_t, std::uint16_t, bool, uint64_t>;
    agree_with_a_map<packed, sum>(
      GetParam(), 10,
      [](auto& random) {
        return packed{static_cast<std::int32_t>(random() % 30) - 15, random() % 20, random() % 2, random() % 4};
      },
      small_number<uint64_t>, limit);
    using edge = std::pair<std::uint32_t, std::uint32_t>;
    agree_with_a_map<edge, sum>(
      GetParam(), 10,
      [](auto& random) {
        return edge{random() % 50, random() % 50};
      },
      small_number<uint64_t>, limit);
  }
}

TEST_P(CombineTable, AgreesWithAMapWhereAllHashesCollide) {
  agree_with_a_map<grumpy, sum>(
    GetParam(), 5, [](auto& random) { return grumpy{static_cast<int>(random() % 300)}; }, small_number<uint64_t>,
    plenty);
}

} // namespace
} // namespace crema::internal
