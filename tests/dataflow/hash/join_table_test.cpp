#include "dataflow/hash/join_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace crema::internal {
namespace {

/// A key that counts how often it is compared and can be made to collide.
struct counted {
  std::uint32_t id = 0;
  bool collides = false;

  static inline std::size_t compared = 0;
  friend bool operator==(const counted& a, const counted& b) {
    ++compared;
    return a.id == b.id;
  }
  friend std::uint64_t hash_value(const counted& key) { return key.collides ? 1 : key.id; }
};

template <class Key>
class table_of {
public:
  using row = std::pair<Key, std::uint32_t>;

  /// Row i has keys[i] and i.
  explicit table_of(const std::vector<Key>& keys, std::size_t in_a_chunk = 1000) {
    for (std::size_t i = 0; i != keys.size(); ++i)
      rows_.emplace_back(keys[i], static_cast<std::uint32_t>(i));
    std::vector<std::span<const row>> chunks;
    for (std::size_t from = 0; from < rows_.size(); from += in_a_chunk)
      chunks.push_back(std::span<const row>{rows_}.subspan(from, std::min(in_a_chunk, rows_.size() - from)));
    table_.build(chunks, 0);
  }

  std::vector<std::uint32_t> matches(const Key& key) const {
    const row probe{key, 0};
    const auto range = table_.range(row_hash(probe));
    std::vector<std::uint32_t> found;
    for (auto i = range.begin; i != range.end; ++i)
      if (rows_match(table_[i], probe))
        found.push_back(table_[i].second);
    std::sort(found.begin(), found.end());
    return found;
  }

private:
  std::vector<row> rows_;
  join_table<row> table_;
};

template <class Key, class Same>
std::vector<std::uint32_t> positions(const std::vector<Key>& keys, Same&& same) {
  std::vector<std::uint32_t> found;
  for (std::size_t i = 0; i != keys.size(); ++i)
    if (same(keys[i]))
      found.push_back(static_cast<std::uint32_t>(i));
  return found;
}

TEST(JoinTable, FindsTheRowsOfEachKeyAndNoOthers) {
  for (std::uint32_t seed = 0; seed != 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{seed};
    const auto bound = std::uint32_t{1} << random() % 12;
    std::vector<std::uint64_t> keys(random() % 3000);
    for (auto& key : keys)
      key = random() % bound;
    const table_of<std::uint64_t> table{keys, 1 + random() % 500};
    for (std::uint64_t key = 0; key != bound + 3; ++key)
      ASSERT_EQ(table.matches(key), positions(keys, [key](std::uint64_t k) { return k == key; }));
  }
}

TEST(JoinTable, KeepsCollidingKeysApart) {
  std::mt19937 random{1};
  std::vector<counted> keys(500);
  for (auto& key : keys)
    key = {static_cast<std::uint32_t>(random() % 40), true};
  const table_of<counted> table{keys};
  for (std::uint32_t id = 0; id != 43; ++id)
    EXPECT_EQ(table.matches({id, true}), positions(keys, [id](const counted& k) { return k.id == id; }));
}

TEST(JoinTable, BuildsWithoutComparingKeys) {
  counted::compared = 0;
  const table_of<counted> table{std::vector<counted>(200'000, {7, false})};
  EXPECT_EQ(counted::compared, 0u);
  EXPECT_EQ(table.matches({7, false}).size(), 200'000u);
}

TEST(JoinTable, SpreadsConsecutiveNumbersAndMultiples) {
  for (std::uint64_t step : {std::uint64_t{1}, std::uint64_t{64}, std::uint64_t{1} << 20, std::uint64_t{1} << 44}) {
    std::vector<std::pair<std::uint64_t, int>> rows;
    for (std::uint64_t i = 0; i != 50'000; ++i)
      rows.emplace_back(i * step, 0);
    join_table<std::pair<std::uint64_t, int>> table;
    const std::span<const std::pair<std::uint64_t, int>> all{rows};
    table.build({&all, 1}, 0);
    std::uint32_t most = 0;
    for (const auto& row : rows) {
      const auto in = table.range(row_hash(row));
      most = std::max(most, in.end - in.begin);
    }
    EXPECT_LT(most, 12u) << step;
  }
}

TEST(JoinTable, TakesAsMuchMemoryAsItSays) {
  EXPECT_LT((join_table<std::pair<std::uint64_t, std::uint64_t>>::bytes(100'000)), std::size_t{100'000} * 30);
  EXPECT_GE((join_table<std::pair<std::uint64_t, std::uint64_t>>::bytes(100'000)), std::size_t{100'000} * 20);
}

} // namespace
} // namespace crema::internal
