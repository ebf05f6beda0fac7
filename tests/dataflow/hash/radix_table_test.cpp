#include "dataflow/hash/radix_table.hpp"

#include "tests/dataflow/hash/combine_table_fixture.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <vector>

namespace crema::internal {
namespace {

template <class K, class Combiner>
class rows {
public:
  using combined = typename Combiner::combined;

  explicit rows(std::size_t limit = plenty, Combiner combiner = {}) : combiner_{combiner}, budget_{limit} {
    table_.emplace(reservation{budget_}, combiner_);
  }

  auto& operator*() { return *table_; }
  auto* operator->() { return &*table_; }
  const memory_budget& budget() const { return budget_; }

  void add(const K& key, combined c) {
    table_->add(layout::make_probe(key), [&] { return c; });
  }

  /// Calls `f(key, c)`.
  template <class F>
  bool drain(std::size_t max, F f) {
    return table_->drain(max, [&](auto& slot) { layout::emit(slot, f); });
  }

  std::map<K, combined> contents(std::size_t step = 1000) {
    std::map<K, combined> all;
    bool more = true;
    while (more) {
      std::size_t calls = 0;
      more = drain(step, [&](const K& key, combined&& c) {
        ++calls;
        EXPECT_TRUE(all.emplace(key, c).second) << "a key came twice";
      });
      EXPECT_LE(calls, step);
      EXPECT_EQ(more, table_->size() > 0);
    }
    return all;
  }

private:
  using layout = typename combine_layout<K, combined>::type;
  Combiner combiner_;
  memory_budget budget_;
  std::optional<radix_table<layout, Combiner>> table_;
};

/// A value as large as one that is still scattered, in rows of which no power of two fits into a chunk.
struct wide {
  std::array<uint64_t, 4> parts{};
  bool operator==(const wide&) const = default;
};
struct adding_wide {
  using combined = wide;
  void merge_combined(wide& c, wide&& other) const {
    for (std::size_t i = 0; i != c.parts.size(); ++i)
      c.parts[i] += other.parts[i];
  }
};

template <class K, class Combiner, class KeyOf, class ValueOf>
void agree_with_a_map(uint64_t seed, std::size_t most, KeyOf key_of, ValueOf value_of) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  rows<K, Combiner> table;
  ASSERT_TRUE(table->begin());
  for (int round = 0; round < 4; ++round) {
    std::map<K, typename Combiner::combined> oracle;
    for (auto n = random() % most; n > 0; --n) {
      const K key = key_of(random);
      const auto c = value_of(random);
      table.add(key, c);
      const auto [at, fresh] = oracle.emplace(key, c);
      if (!fresh)
        Combiner{}.merge_combined(at->second, typename Combiner::combined(c));
    }
    if (round % 2 == 0) {
      table->flush();
      ASSERT_EQ(table->size(), oracle.size());
    }
    ASSERT_GE(table->size(), oracle.size());
    ASSERT_EQ(table.contents(1 + random() % 5000), oracle);
  }
}

TEST(RadixTable, AgreesWithAMap) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const auto number = [](auto& random) { return random() % 100; };
    for (const uint64_t keys : {1, 300, 20'000, 1'000'000'000})
      agree_with_a_map<uint64_t, sum>(
        seed, 60'000, [keys](auto& random) { return random() % keys; }, number);
    agree_with_a_map<std::pair<uint64_t, std::int32_t>, sum>(
      seed, 30'000,
      [](auto& random) {
        return std::pair{random() % 100, static_cast<std::int32_t>(random() % 90)};
      },
      number);
    agree_with_a_map<int, adding_wide>(
      seed, 30'000, [](auto& random) { return static_cast<int>(random() % 5000) - 2500; },
      [](auto& random) {
        return wide{{random(), 1, 2, random()}};
      });
  }
}

/// Sees whether values come in ascending order.
struct ascent {
  unsigned first;
  unsigned last;
  bool ordered;
};
struct following {
  using combined = ascent;
  void merge_combined(ascent& c, ascent&& other) const {
    c = {c.first, other.last, c.ordered && other.ordered && c.last < other.first};
  }
};

TEST(RadixTable, CombinesValuesInTheirOrder) {
  rows<int, following> table;
  ASSERT_TRUE(table->begin());
  for (unsigned i = 0; i != 300'000; ++i)
    table.add(static_cast<int>(i * 7919 % 1500), {i, i, true});
  std::size_t keys = 0;
  table.drain(plenty, [&](int, ascent&& seen) {
    ++keys;
    ASSERT_TRUE(seen.ordered);
  });
  EXPECT_EQ(keys, 1500u);
}

TEST(RadixTable, TakesLittleMoreThanItsKeysHoweverManyRows) {
  constexpr std::size_t slab = std::size_t{2} << 20;
  rows<uint64_t, sum> few;
  ASSERT_TRUE(few->begin());
  EXPECT_EQ(few->capacity_bytes(), slab);
  for (uint64_t i = 0; i != 1'000'000; ++i)
    few.add(i % 20'000, 1);
  EXPECT_LE(few->capacity_bytes(), 2 * slab);
  EXPECT_EQ(few->capacity_bytes(), few.budget().used());

  rows<uint64_t, sum> many;
  ASSERT_TRUE(many->begin());
  for (uint64_t i = 0; i != 1'000'000; ++i)
    many.add(i % 600'000, 1);
  EXPECT_LE(many->capacity_bytes(), std::size_t{2} * 600'000 * 16 + 3 * slab);
}

TEST(RadixTable, GivesTheSameMemoryToTheRowsThatFollow) {
  rows<uint64_t, sum> table;
  ASSERT_TRUE(table->begin());
  std::size_t bytes = 0;
  for (int round = 0; round != 3; ++round) {
    for (uint64_t i = 0; i != 200'000; ++i)
      table.add(i, i);
    EXPECT_EQ(table.contents(70'000).size(), 200'000u);
    EXPECT_EQ(table->size(), 0u);
    if (round == 0)
      bytes = table->capacity_bytes();
    EXPECT_EQ(table->capacity_bytes(), bytes);
  }
  table.add(1, 1);
  table->clear();
  EXPECT_EQ(table->size(), 0u);
  EXPECT_TRUE(table->begun());
  table.add(2, 1);
  EXPECT_EQ(table.contents(), (std::map<uint64_t, uint64_t>{{2, 1}}));
  table->release();
  EXPECT_FALSE(table->begun());
  EXPECT_EQ(table.budget().used(), 0u);
  EXPECT_EQ(table->size(), 0u);
}

TEST(RadixTable, DoesNotBeginWithoutMemory) {
  rows<uint64_t, sum> table{std::size_t{1} << 20};
  EXPECT_FALSE(table->begin());
  EXPECT_FALSE(table->begun());
  EXPECT_EQ(table.budget().used(), 0u);
}

TEST(RadixTable, CompactsRatherThanBeFull) {
  rows<uint64_t, sum> table{std::size_t{4} << 20};
  ASSERT_TRUE(table->begin());
  for (uint64_t i = 0; i != 1'000'000; ++i)
    table.add(i % 70'000, 1);
  EXPECT_FALSE(table->full());
  EXPECT_LE(table.budget().peak(), table.budget().limit());
  for (const auto& [key, n] : table.contents())
    ASSERT_EQ(n, key < 1'000'000 % 70'000 ? 15u : 14u);
}

TEST(RadixTable, IsFullWhereTheBudgetRefusesAndLosesNothing) {
  rows<uint64_t, sum> table{std::size_t{4} << 20};
  ASSERT_TRUE(table->begin());
  uint64_t keys = 0;
  while (!table->full() && keys != 1'000'000)
    table.add(keys++, 1);
  EXPECT_GT(keys, 120'000u); // its partitions are filled by chance
  EXPECT_LT(keys, 270'000u);
  for (uint64_t i = 0; i != 50'000; ++i) // whoever goes on does so by force
    table.add(keys++, 1);
  EXPECT_LE(table.budget().peak(), table.budget().limit() + (std::size_t{4} << 20));
  EXPECT_EQ(table.contents().size(), keys);
  EXPECT_FALSE(table->full());
}

TEST(RadixTable, DrainsBySpreadHashAfterSorting) {
  rows<uint64_t, sum> table;
  ASSERT_TRUE(table->begin());
  for (int round = 0; round != 2; ++round) {
    for (uint64_t i = 0; i != 60'000; ++i)
      table.add(i % 40'000, 1);
    table->sort_by_hash();
    std::vector<uint64_t> hashes;
    while (table.drain(777, [&](uint64_t key, uint64_t) { hashes.push_back(spread_hash(key)); })) {
    }
    EXPECT_EQ(hashes.size(), 40'000u);
    EXPECT_TRUE(std::is_sorted(hashes.begin(), hashes.end()));
  }
}

TEST(RadixTable, KeepsAKeyWhoseCallbackThrew) {
  rows<uint64_t, sum> table;
  ASSERT_TRUE(table->begin());
  for (uint64_t i = 0; i != 10'000; ++i)
    table.add(i, 1);
  int calls = 0;
  const auto drain = [&] {
    table.drain(10'000, [&](uint64_t, uint64_t) {
      if (++calls % 3000 == 0)
        throw std::runtime_error{"enough"};
    });
  };
  EXPECT_THROW(drain(), std::runtime_error);
  EXPECT_EQ(table->size(), 10'000u - 2999);
  EXPECT_THROW(drain(), std::runtime_error);
  EXPECT_EQ(table.contents().size(), 10'000u - 2999 - 2999);
}

struct failing {
  using combined = uint64_t;
  unsigned* left;
  void merge_combined(uint64_t& c, uint64_t&& other) const {
    if (--*left == 0)
      throw std::runtime_error{"burnt"};
    c += other;
  }
};

TEST(RadixTable, GoesOnAfterACombinerThrew) {
  for (const unsigned fuse : {1u, 100u, 5000u}) {
    unsigned left = fuse;
    rows<uint64_t, failing> table{plenty, failing{&left}};
    ASSERT_TRUE(table->begin());
    unsigned throws = 0;
    for (uint64_t i = 0; i != 200'000; ++i)
      try {
        table.add(i % 3000, 1);
      } catch (const std::runtime_error&) {
        ++throws;
        left = fuse;
      }
    EXPECT_GT(throws, 10u);
    left = 1'000'000;
    EXPECT_LE(table.contents().size(), 3000u);
    table.add(1, 1);
    EXPECT_EQ(table->size(), 1u);
  }
}

} // namespace
} // namespace crema::internal
