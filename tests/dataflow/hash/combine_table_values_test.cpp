#include "tests/dataflow/hash/combine_table_fixture.hpp"

#include <iterator>
#include <memory>
#include <vector>

namespace crema::internal {
namespace {

struct nothing {};
struct once {
  using value = nothing;
  using combined = nothing;
  combined create(value&&) const { return {}; }
  void merge_value(combined&, value&&) const {}
  void merge_combined(combined&, combined&&) const {}
};

TEST(CombineTableValues, AreCombinedInTheirOrder) {
  for (const std::size_t keys : {3u, 50'000u}) {
    combine_table<uint64_t, concatenating> table;
    for (const char* value : {"a", "b", "c", "d"})
      for (std::size_t i = 0; i < keys; ++i) {
        if (*value < 'c')
          table.add(i, value);
        else
          table.merge(i, value);
      }
    for (const auto& [key, text] : contents(table, 1000))
      ASSERT_EQ(text, "abcd") << key;
  }
}

TEST(CombineTableValues, MayBeNothingAtAll) {
  combine_table<int, once> numbers;
  combine_table<std::string, once> words;
  for (int i = 0; i < 100'000; ++i) {
    numbers.add(i % 50'000, nothing{});
    words.merge(std::to_string(i % 777), nothing{});
  }
  numbers.flush();
  words.flush();
  EXPECT_EQ(numbers.size(), 50'000u);
  EXPECT_EQ(words.size(), 777u);
  EXPECT_LT(numbers.capacity_bytes(), 50'000u * 4 * 4) << "an empty C should take no room";
}

struct collecting {
  using value = std::unique_ptr<int>;
  using combined = std::vector<std::unique_ptr<int>>;
  combined create(value&& v) const {
    combined c;
    c.push_back(std::move(v));
    return c;
  }
  void merge_value(combined& c, value&& v) const { c.push_back(std::move(v)); }
  void merge_combined(combined& c, combined&& other) const {
    for (auto& v : other)
      c.push_back(std::move(v));
  }
};

template <class Table, class KeyOf>
void hold_move_only_values(Table& table, KeyOf key_of) {
  for (int i = 0; i < 60'000; ++i)
    table.add(key_of(i % 20'000), std::make_unique<int>(i));
  for (int i = 0; i < 20'000; ++i)
    table.merge(key_of(i), collecting{}.create(std::make_unique<int>(i + 60'000)));
  int drained = 0;
  table.drain(10'000, [&](auto&&, collecting::combined&& c) {
    ASSERT_EQ(c.size(), 4u);
    for (int i = 1; i < 4; ++i)
      EXPECT_EQ(*c[static_cast<std::size_t>(i)], *c[0] + i * 20'000);
    ++drained;
  });
  EXPECT_EQ(drained, 10'000);
}

TEST(CombineTableValues, MayBeMoveOnly) { // and half of them still lie there at the end
  combine_table<int, collecting> numbers;
  hold_move_only_values(numbers, [](int i) { return i; });
  combine_table<std::string, collecting> words;
  hold_move_only_values(words, [](int i) { return std::to_string(i); });
  combine_table<std::pair<std::string, int>, collecting> pairs;
  hold_move_only_values(pairs, [](int i) { return std::pair{std::string(30, 'x'), i}; });
}

TEST(CombineTableRanges, AreTheSameAsOneByOne) {
  std::mt19937_64 random{5};
  for (const uint64_t keys : {10u, 100'000u}) {
    std::vector<std::pair<uint64_t, uint64_t>> numbers;
    std::vector<std::pair<std::string, std::string>> texts;
    std::map<uint64_t, uint64_t> number_sums;
    std::map<std::string, std::string> text_sums;
    for (int i = 0; i < 80'000; ++i) {
      numbers.emplace_back(random() % keys, i);
      number_sums[numbers.back().first] += numbers.back().second;
      texts.emplace_back(random_text(random), "v" + std::to_string(i % 7));
      text_sums[texts.back().first] += texts.back().second;
    }
    combine_table<uint64_t, sum> number_table;
    number_table.add_range(numbers.cbegin(), numbers.cbegin() + 60'000);
    number_table.merge_range(numbers.begin() + 60'000, numbers.end());
    EXPECT_EQ(contents(number_table, 999), number_sums);
    combine_table<std::string, concatenating> text_table;
    text_table.merge_range(texts.cbegin(), texts.cbegin() + 10);
    EXPECT_EQ(texts[0].second, "v0") << "moved from without leave";
    text_table.add_range(std::move_iterator{texts.begin() + 10}, std::move_iterator{texts.end()});
    EXPECT_EQ(contents(text_table, 999), text_sums);
  }
}

} // namespace
} // namespace crema::internal
