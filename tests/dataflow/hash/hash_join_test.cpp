#include "dataflow/hash/hash_join.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace crema::internal {
namespace {

constexpr std::size_t plenty = std::size_t{4} << 30;

template <class T>
block_ptr block_of(const T* first, std::size_t n) {
  auto made = std::make_unique<block<T>>(std::max<std::size_t>(1, n));
  for (std::size_t i = 0; i != n; ++i)
    made->emplace_back(first[i]);
  made->seal();
  return block_ptr{made.release()};
}

template <class T, class F>
void in_blocks(const std::vector<T>& records, std::size_t in_a_block, F&& f) {
  for (std::size_t from = 0; from < records.size(); from += in_a_block)
    f(block_of(records.data() + from, std::min(in_a_block, records.size() - from)));
}

template <class Record, class Join>
std::vector<Record> all_of(Join& join, std::size_t at_once) {
  std::vector<Record> found;
  for (bool more = true; more;) {
    block_ptr out;
    more = join.next(out, at_once);
    if (!out)
      continue;
    EXPECT_LE(out->size(), at_once);
    for (auto& each : block_cast<Record>(out))
      found.push_back(std::move(each));
  }
  std::sort(found.begin(), found.end());
  return found;
}

template <class K, class V, class W>
auto joined(const std::vector<std::pair<K, V>>& left, const std::vector<std::pair<K, W>>& right, std::size_t in_a_block,
            std::size_t at_once) {
  memory_budget budget{plenty};
  std::vector<std::pair<K, std::pair<V, W>>> found;
  {
    hash_join<K, V, W> join{budget};
    in_blocks(left, in_a_block, [&](block_ptr b) { EXPECT_TRUE(join.append_left(std::move(b))); });
    in_blocks(right, in_a_block, [&](block_ptr b) { EXPECT_TRUE(join.append_right(std::move(b))); });
    EXPECT_TRUE(left.empty() || budget.used() >= left.size() * sizeof(void*));
    join.finish();
    found = all_of<std::pair<K, std::pair<V, W>>>(join, at_once);
    EXPECT_EQ(budget.used(), 0u); // also before the end of the object
  }
  return found;
}

template <class K, class V, class W>
auto expected(const std::vector<std::pair<K, V>>& left, const std::vector<std::pair<K, W>>& right) {
  std::multimap<K, W> others;
  for (const auto& [k, w] : right)
    others.emplace(k, w);
  std::vector<std::pair<K, std::pair<V, W>>> all;
  for (const auto& [k, v] : left)
    for (auto [at, end] = others.equal_range(k); at != end; ++at)
      all.emplace_back(k, std::pair<V, W>(v, at->second));
  std::sort(all.begin(), all.end());
  return all;
}

/// Keys of one side: of uniform or skewed frequency, or none.
std::vector<std::uint64_t> random_keys(std::mt19937& random) {
  static constexpr std::size_t sizes[] = {0, 1, 2, 50, 700, 5000, 40'000};
  const auto n = sizes[random() % 7];
  const auto bound = std::max<std::size_t>(1, n >> random() % 6);
  const bool skewed = random() % 3 == 0;
  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i != n; ++i) {
    const auto key = random() % bound;
    keys.push_back(skewed && n <= 5000 && random() % 8 == 0 ? 3 : key);
  }
  return keys;
}

template <class K, class V, class MakeKey, class MakeValue>
std::vector<std::pair<K, V>> side(const std::vector<std::uint64_t>& keys, MakeKey&& key, MakeValue&& value) {
  std::vector<std::pair<K, V>> made;
  for (std::size_t i = 0; i != keys.size(); ++i)
    made.emplace_back(key(keys[i]), value(i));
  return made;
}

const auto as_text = [](std::uint64_t i) {
  return i % 2 == 0 ? std::to_string(i) : "a text that lies on the heap, number " + std::to_string(i);
};

struct hostile {
  std::uint64_t id = 0;
  auto operator<=>(const hostile&) const = default;
};
std::uint64_t hash_value(const hostile&) {
  return 42;
}

template <class K, class V, class W, class MakeKey, class MakeV, class MakeW>
void check_with_random_sides(int rounds, MakeKey&& key, MakeV&& v, MakeW&& w, std::size_t most = 1'000'000) {
  for (int seed = 0; seed != rounds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random{static_cast<std::uint32_t>(seed)};
    auto left_keys = random_keys(random);
    auto right_keys = random_keys(random);
    left_keys.resize(std::min(left_keys.size(), most));
    right_keys.resize(std::min(right_keys.size(), most));
    const auto left = side<K, V>(left_keys, key, v);
    const auto right = side<K, W>(right_keys, key, w);
    const auto in_a_block = 1 + random() % 5000;
    const auto at_once = 1 + random() % 3000;
    const auto found = joined(left, right, in_a_block, at_once);
    ASSERT_TRUE(found == expected(left, right)) << found.size() << " records";
  }
}

constexpr auto itself = [](std::uint64_t i) { return i; };
constexpr auto small = [](std::uint64_t i) { return static_cast<std::uint8_t>(i); };

TEST(HashJoin, AgreesWithANestedLoopOnFlatRecords) {
  check_with_random_sides<std::uint64_t, std::uint64_t, std::uint64_t>(60, itself, itself, itself);
}

TEST(HashJoin, AgreesWithANestedLoopOnRecordsOfOddSizes) {
  using wide = std::array<std::uint16_t, 9>;
  check_with_random_sides<std::uint32_t, std::uint8_t, wide>(
    30, [](std::uint64_t i) { return static_cast<std::uint32_t>(i); }, small,
    [](std::uint64_t i) { return wide{static_cast<std::uint16_t>(i)}; });
}

TEST(HashJoin, AgreesWithANestedLoopOnText) {
  check_with_random_sides<std::string, std::string, std::string>(30, as_text, as_text, as_text, 5000);
}

TEST(HashJoin, AgreesWithANestedLoopWhereOneSideIsFlat) {
  check_with_random_sides<std::uint64_t, std::uint64_t, std::string>(30, itself, itself, as_text, 5000);
  check_with_random_sides<std::uint64_t, std::string, std::uint64_t>(30, itself, as_text, itself, 5000);
}

TEST(HashJoin, AgreesWithANestedLoopOnCollidingKeys) {
  const auto collide = [](std::uint64_t i) { return hostile{i}; };
  check_with_random_sides<hostile, std::uint64_t, std::uint64_t>(30, collide, itself, itself, 700);
  check_with_random_sides<hostile, std::string, std::uint64_t>(30, collide, as_text, itself, 700);
}

TEST(HashJoin, JoinsWhatNeedsAllPartitions) {
  constexpr std::size_t n = 600'000;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> left, right;
  for (std::uint64_t i = 0; i != n; ++i) {
    left.emplace_back(i, i * 3);
    right.emplace_back(i * 2, i * 5);
  }
  const auto found = joined(left, right, 8000, 5000);
  ASSERT_EQ(found.size(), n / 2);
  for (std::uint64_t i = 0; i != n / 2; ++i)
    ASSERT_EQ(found[i], (std::pair{i * 2, std::pair{i * 6, i * 5}}));
}

TEST(HashJoin, JoinsTextThatNeedsAllPartitions) {
  std::vector<std::pair<std::string, std::uint64_t>> left, right;
  for (std::uint64_t i = 0; i != 300'000; ++i) {
    left.emplace_back(std::to_string(i), i);
    right.emplace_back(std::to_string(i * 3), i);
  }
  const auto found = joined(left, right, 3000, 5000);
  ASSERT_EQ(found.size(), 100'000u);
  for (const auto& [key, values] : found)
    ASSERT_TRUE(key == std::to_string(values.first) && values.first == values.second * 3) << key;
}

TEST(HashJoin, NeedsNoMemoryForTheProductOfAHotKey) {
  constexpr std::size_t n = 1'500'000;
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> hot(n, {7, 1});
  memory_budget budget{std::size_t{160} << 20};
  hash_join<std::uint64_t, std::uint64_t, std::uint64_t> join{budget};
  in_blocks(hot, 8000, [&](block_ptr b) { EXPECT_TRUE(join.append_left(std::move(b))); });
  in_blocks(hot, 8000, [&](block_ptr b) { EXPECT_TRUE(join.append_right(std::move(b))); });
  join.finish();
  std::size_t records = 0;
  while (records < 3 * n) { // more than one left row has
    block_ptr out;
    ASSERT_TRUE(join.next(out, 5000));
    records += out ? out->size() : 0;
  }
  EXPECT_LE(budget.peak(), budget.limit());
}

TEST(HashJoin, ReadsOneSideOftenWhereMemoryForTablesIsShort) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> left(60'000, {7, 1}), right;
  for (std::uint64_t i = 0; i != 60'000; ++i)
    right.emplace_back(i < 10 ? 7 : i, i);
  memory_budget budget{std::size_t{3'000'000}};
  hash_join<std::uint64_t, std::uint64_t, std::uint64_t> join{budget};
  in_blocks(left, 4000, [&](block_ptr b) { EXPECT_TRUE(join.append_left(std::move(b))); });
  in_blocks(right, 4000, [&](block_ptr b) { EXPECT_TRUE(join.append_right(std::move(b))); });
  join.finish();
  const auto found = all_of<std::pair<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>>>(join, 777);
  EXPECT_TRUE(found == expected(left, right)) << found.size();
  EXPECT_LE(budget.peak(), 3'300'000u);
}

TEST(HashJoin, GivesBackAllThatItTook) {
  for (std::size_t n : {0u, 10u, 3000u, 900'000u}) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> left, right, left_back, right_back;
    for (std::uint64_t i = 0; i != n; ++i) {
      left.emplace_back(i, i);
      right.emplace_back(i / 2, i + 1);
    }
    memory_budget budget{plenty};
    hash_join<std::uint64_t, std::uint64_t, std::uint64_t> join{budget};
    in_blocks(left, 5000, [&](block_ptr b) { EXPECT_TRUE(join.append_left(std::move(b))); });
    in_blocks(right, 7000, [&](block_ptr b) { EXPECT_TRUE(join.append_right(std::move(b))); });
    const auto all = budget.used();
    const auto into = [&](auto& back) {
      return [&](block_ptr records) {
        if (&back == &right_back && back.size() > n / 2 && n > 100'000) {
          EXPECT_LT(budget.used(), all / 2);
        }
        for (const auto& each : block_cast<std::pair<std::uint64_t, std::uint64_t>>(records))
          back.push_back(each);
      };
    };
    join.give_back(into(left_back), into(right_back));
    EXPECT_EQ(budget.used(), 0u);
    std::sort(left_back.begin(), left_back.end());
    std::sort(right_back.begin(), right_back.end());
    EXPECT_TRUE(left_back == left && right_back == right) << n;
  }
}

TEST(HashJoin, SaysWhenTheBudgetIsUsedUp) {
  const std::vector<std::pair<std::string, std::string>> records(2000, {"a key of a text", std::string(100, 'v')});
  memory_budget budget{64 << 10};
  hash_join<std::string, std::string, std::string> join{budget};
  EXPECT_FALSE(join.append_left(block_of(records.data(), records.size())));
  std::size_t back = 0;
  join.give_back([&](block_ptr b) { back += b->size(); }, [](block_ptr) { ADD_FAILURE(); });
  EXPECT_EQ(back, records.size());
}

/// A value that counts its copies.
struct heavy {
  std::uint64_t id = 0;

  static inline std::size_t copies = 0;
  heavy() = default;
  explicit heavy(std::uint64_t i) : id{i} {}
  heavy(const heavy& other) : id{other.id} { ++copies; }
  heavy(heavy&&) noexcept = default;
  heavy& operator=(const heavy& other) {
    id = other.id;
    ++copies;
    return *this;
  }
  heavy& operator=(heavy&&) noexcept = default;
  auto operator<=>(const heavy&) const = default;
};

TEST(HashJoin, MovesWhatIsNeededOnceFromTheLeftAndCopiesFromTheRight) {
  std::vector<std::pair<std::uint64_t, heavy>> left, right;
  for (std::uint64_t i = 0; i != 10'000; ++i) {
    left.emplace_back(i, heavy{i});
    right.emplace_back(i, heavy{i});
  }
  memory_budget budget{plenty};
  hash_join<std::uint64_t, heavy, heavy> join{budget};
  in_blocks(left, 1000, [&](block_ptr b) { EXPECT_TRUE(join.append_left(std::move(b))); });
  in_blocks(right, 1000, [&](block_ptr b) { EXPECT_TRUE(join.append_right(std::move(b))); });
  heavy::copies = 0;
  join.finish();
  const auto found = all_of<std::pair<std::uint64_t, std::pair<heavy, heavy>>>(join, 1000);
  EXPECT_EQ(heavy::copies, 10'000u);
  EXPECT_EQ(found.size(), 10'000u);
}

/// A value whose copies fail once `left_to_copy` are made.
struct fragile_value {
  static inline int left_to_copy = 0;
  static inline int alive = 0;
  fragile_value() { ++alive; }
  fragile_value(const fragile_value&) {
    if (left_to_copy-- == 0)
      throw std::runtime_error{"no more copies"};
    ++alive;
  }
  fragile_value(fragile_value&&) noexcept { ++alive; }
  ~fragile_value() { --alive; }
};

TEST(HashJoin, LeavesNothingBehindWhenACopyFails) {
  for (int copies : {0, 1, 50, 2500}) {
    memory_budget budget{plenty};
    {
      hash_join<int, fragile_value, fragile_value> join{budget};
      for (int side : {0, 1}) {
        auto records = std::make_unique<block<std::pair<int, fragile_value>>>(100);
        for (int i = 0; i != 100; ++i)
          records->emplace_back(i % 3, fragile_value{});
        records->seal();
        block_ptr sealed{records.release()};
        EXPECT_TRUE(side == 0 ? join.append_left(std::move(sealed)) : join.append_right(std::move(sealed)));
      }
      fragile_value::left_to_copy = copies;
      join.finish();
      block_ptr out;
      EXPECT_THROW(while (join.next(out, 700)){}, std::runtime_error);
    }
    EXPECT_EQ(fragile_value::alive, 0);
    EXPECT_EQ(budget.used(), 0u);
  }
}

/// A key that counts how often it is hashed.
struct counted_key {
  std::uint64_t id = 0;
  static inline std::size_t hashed = 0;
  auto operator<=>(const counted_key&) const = default;
};
std::uint64_t hash_value(const counted_key& key) {
  ++counted_key::hashed;
  return key.id;
}

TEST(HashJoin, HashesEachKeyOfAUserOnce) {
  const auto counted = [](std::uint64_t i) { return counted_key{i}; };
  std::vector<std::uint64_t> keys(5000);
  for (std::uint64_t i = 0; i != keys.size(); ++i)
    keys[i] = i % 1000;
  const auto records = side<counted_key, std::uint64_t>(keys, counted, itself);
  counted_key::hashed = 0;
  EXPECT_EQ(joined(records, records, 1000, 1000).size(), 25'000u);
  EXPECT_EQ(counted_key::hashed, 10'000u);
}

TEST(HashJoin, LeavesBlocksAloneThatOthersRead) {
  const std::vector<std::pair<std::string, std::string>> records(10, {"key", std::string(50, 'v')});
  const auto shared = block_of(records.data(), records.size());
  memory_budget budget{plenty};
  hash_join<std::string, std::string, std::string> join{budget};
  EXPECT_TRUE(join.append_left(shared));
  EXPECT_TRUE(join.append_right(shared));
  join.finish();
  EXPECT_EQ((all_of<std::pair<std::string, std::pair<std::string, std::string>>>(join, 1000).size()), 100u);
  for (const auto& [key, value] : block_cast<std::pair<std::string, std::string>>(shared))
    EXPECT_TRUE(key == "key" && value.size() == 50);
}

TEST(HashJoin, StopsNowAndThenWhereNothingMatches) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> left, right;
  for (std::uint64_t i = 0; i != 400'000; ++i) {
    left.emplace_back(2 * i, i);
    right.emplace_back(2 * i + 1, i);
  }
  memory_budget budget{plenty};
  hash_join<std::uint64_t, std::uint64_t, std::uint64_t> join{budget};
  in_blocks(left, 8000, [&](block_ptr b) { EXPECT_TRUE(join.append_left(std::move(b))); });
  in_blocks(right, 8000, [&](block_ptr b) { EXPECT_TRUE(join.append_right(std::move(b))); });
  join.finish();
  std::size_t calls = 1;
  for (block_ptr out; join.next(out, 1000); ++calls)
    EXPECT_FALSE(out);
  EXPECT_GE(calls, 10u);
}

} // namespace
} // namespace crema::internal
