#include "tests/dataflow/hash/combine_table_fixture.hpp"

namespace crema::internal {
namespace {

TEST(CombineTableMemory, IsFullWhereTheBudgetRefusesAndLosesNothing) {
  memory_budget budget{300 << 10};
  combine_table<uint64_t, sum> table{reservation{budget}};
  std::map<uint64_t, uint64_t> all;
  int drains = 0;
  for (uint64_t i = 0; i < 200'000; ++i) {
    table.add(i % 70'000, 1);
    if (table.full()) {
      ++drains;
      const auto kept = table.capacity_bytes();
      while (table.drain(1000, [&](uint64_t key, uint64_t&& n) { all[key] += n; })) {
      }
      EXPECT_FALSE(table.full());
      EXPECT_EQ(table.capacity_bytes(), kept);
    }
  }
  table.drain(1'000'000, [&](uint64_t key, uint64_t&& n) { all[key] += n; });
  EXPECT_GT(drains, 10);
  EXPECT_LE(budget.peak(), budget.limit());
  ASSERT_EQ(all.size(), 70'000u);
  for (const auto& [key, n] : all)
    ASSERT_EQ(n, key < 60'000 ? 3u : 2u);
}

TEST(CombineTableMemory, GrowsByForceWhereNobodyDrains) {
  memory_budget budget{1000};
  combine_table<uint64_t, sum> table{reservation{budget}};
  for (uint64_t i = 0; i < 100'000; ++i)
    table.add(i, i);
  table.flush();
  EXPECT_TRUE(table.full());
  EXPECT_EQ(table.size(), 100'000u);
  EXPECT_EQ(budget.used(), table.capacity_bytes());
  const auto all = contents(table, 1000);
  for (const auto& [key, n] : all)
    ASSERT_EQ(key, n);
  EXPECT_EQ(all.size(), 100'000u);
}

TEST(CombineTableMemory, CountsLongStringsAndWhatValuesOwn) {
  memory_budget budget{plenty};
  {
    combine_table<std::string, concatenating> table{reservation{budget}};
    for (int i = 0; i < 1000; ++i)
      table.add(std::to_string(i) + std::string(1000, 'k'), std::string(1000, 'v'));
    table.flush();
    EXPECT_GE(budget.used(), 2'000'000u);
    for (int i = 0; i < 1000; ++i)
      table.add(std::to_string(i) + std::string(1000, 'k'), std::string(1000, 'v'));
    table.flush();
    EXPECT_GE(budget.used(), 3'000'000u);
    EXPECT_LE(budget.used(), 6'000'000u);
    table.drain(1'000'000, [](std::string_view, std::string&&) {});
    EXPECT_LE(budget.used(), 2'500'000u);
    table.release();
    EXPECT_EQ(budget.used(), 0u);
    EXPECT_EQ(table.capacity_bytes(), 0u);
    table.add("again", "x");
    EXPECT_EQ(contents(table).size(), 1u);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(CombineTableMemory, IsFullWhenValuesGrowBeyondTheBudget) {
  memory_budget budget{1 << 20};
  combine_table<int, concatenating> table{reservation{budget}};
  for (int i = 0; i < 10'000 && !table.full(); ++i)
    table.add(i % 3, std::string(1000, 'v'));
  EXPECT_TRUE(table.full());
  EXPECT_LE(budget.peak(), std::size_t{3} << 20);
}

TEST(CombineTableMemory, IsNotEmptyWhileKeysWaitInABatch) {
  combine_table<uint64_t, sum> table;
  for (uint64_t i = 0; i < 100'000; ++i)
    table.add(i, 1);
  table.drain(1'000'000, [](uint64_t, uint64_t&&) {});
  EXPECT_EQ(table.size(), 0u);
  table.merge(7, 1);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(contents(table), (std::map<uint64_t, uint64_t>{{7, 1}}));
}

TEST(CombineTableMemory, OfAFreshTableIsNone) {
  memory_budget budget{0};
  combine_table<std::string, sum> table{reservation{budget}};
  EXPECT_EQ(table.capacity_bytes(), 0u);
  EXPECT_FALSE(table.drain(1, [](std::string_view, uint64_t&&) { FAIL(); }));
  table.sort_by_hash();
  EXPECT_FALSE(table.drain(1, [](std::string_view, uint64_t&&) { FAIL(); }));
  table.clear();
  EXPECT_EQ(budget.used(), 0u);
}

} // namespace
} // namespace crema::internal
