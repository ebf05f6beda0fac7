#include "tests/dataflow/hash/combine_table_fixture.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <tuple>

namespace crema::internal {
namespace {

enum class colour : std::int8_t { red = -1, green = 0, blue = 1 };

TEST(CombineTableKeys, AreTheSameBeyondTheSizeOfTheFirstCache) {
  combine_table<uint64_t, sum> numbers;
  combine_table<std::string, sum> words;
  for (int round = 0; round < 3; ++round)
    for (uint64_t i = 0; i < 100'000; ++i) {
      numbers.add(i << 40, i);
      words.add("the word " + std::to_string(i * 1'000'003), 1);
    }
  const auto n = contents(numbers, 5000);
  const auto w = contents(words, 5000);
  ASSERT_EQ(n.size(), 100'000u);
  ASSERT_EQ(w.size(), 100'000u);
  for (uint64_t i = 0; i < 100'000; ++i)
    ASSERT_EQ(n.at(i << 40), 3 * i);
  for (const auto& [word, count] : w)
    ASSERT_EQ(count, 3u) << word;
}

TEST(CombineTableKeys, MayBeZeroAndTheExtremes) {
  combine_table<std::int64_t, sum> table;
  const std::int64_t keys[] = {0, -1, 1, std::numeric_limits<std::int64_t>::min(),
                               std::numeric_limits<std::int64_t>::max()};
  for (int round = 0; round < 2; ++round)
    for (const auto key : keys)
      table.add(key, 1);
  const auto all = contents(table, 1);
  ASSERT_EQ(all.size(), 5u);
  for (const auto key : keys)
    EXPECT_EQ(all.at(key), 2u);
}

TEST(CombineTableKeys, OfFloatingPointAreOneForBothZerosAndForAllNans) {
  combine_table<double, sum> table;
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  for (const double key : {0.0, -0.0, nan, -nan, std::numeric_limits<double>::signaling_NaN(), 1.5})
    table.add(key, 1);
  table.flush();
  EXPECT_EQ(table.size(), 3u);
  table.drain(9, [&](double key, uint64_t&& n) { EXPECT_EQ(n, key == 0 ? 2u : key == 1.5 ? 1u : 3u); });

  combine_table<std::pair<std::string, double>, sum> nested;
  for (int i = 0; i < 5; ++i)
    nested.add(std::pair{std::string{"x"}, nan}, 1);
  nested.flush();
  EXPECT_EQ(nested.size(), 1u);

  combine_table<std::optional<double>, sum> optional;
  for (const auto key : {std::optional{nan}, std::optional<double>{}, std::optional{-nan}, std::optional{0.0}})
    optional.add(key, 1);
  optional.flush();
  EXPECT_EQ(optional.size(), 3u);
}

TEST(CombineTableKeys, MayBeEnums) {
  combine_table<colour, sum> table;
  for (const auto key : {colour::red, colour::green, colour::blue, colour::green})
    table.add(key, 1);
  EXPECT_EQ(contents(table), (std::map<colour, uint64_t>{{colour::red, 1}, {colour::green, 2}, {colour::blue, 1}}));
}

TEST(CombineTableKeys, MayBeStringsOfEveryLength) {
  combine_table<std::string, sum> table;
  std::map<std::string, uint64_t> expected;
  for (uint64_t round = 1; round <= 2; ++round)
    for (std::size_t n = 0; n < 300; ++n)
      for (const char fill : {'\0', 'a', '\xff'}) {
        const std::string key(n, fill);
        table.add(std::string_view{key}, round);
        expected[key] += round;
      }
  EXPECT_EQ(contents(table), expected);
}

TEST(CombineTableKeys, OfStringsAreReadDuringTheCallOnly) {
  combine_table<std::string, sum> table;
  std::map<std::string, uint64_t> expected;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 30'000; ++i) { // enough to leave the direct mode
      auto key = std::make_unique<std::string>(std::to_string(i) + std::string(static_cast<std::size_t>(i % 40), '-'));
      ++expected[*key];
      table.add(std::string_view{*key}, 1);
    }
  const std::string huge(1 << 20, 'h');
  table.add(huge, 1);
  table.add(std::string(huge), 1);
  expected[huge] = 2;
  EXPECT_EQ(contents(table, 1000), expected);
}

TEST(CombineTableKeys, MayHaveViewsForTheirTextDuringTheCall) {
  using key = std::pair<colour, std::tuple<std::string, std::optional<std::string>>>;
  combine_table<key, sum> table;
  std::map<key, uint64_t> expected;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 10'000; ++i) { // enough to leave the direct mode
      auto text = std::make_unique<std::string>(std::to_string(i) + std::string(static_cast<std::size_t>(i % 40), '-'));
      const std::string_view view{*text};
      ++expected[{colour::red, {*text, std::string{view.substr(1)}}}];
      table.add(std::pair{colour::red, std::tuple{view, std::optional{view.substr(1)}}}, 1);
    }
  table.add(key{colour::red, {"7-------", "-------"}}, 1);
  ++expected[{colour::red, {"7-------", "-------"}}];
  EXPECT_EQ(contents(table, 1000), expected);
}

TEST(CombineTableKeys, MayComeAsWords) {
  combine_table<std::string, sum> table;
  const std::string text = "a to the four padding beyond it";
  table.add(string_words::of_padded(text.data(), 1), 1);
  table.add("a", 1);
  table.add(string_words::of_padded(text.data(), 4), 1);
  table.add(string_words{std::string_view{"a to"}}, 1);
  table.add(string_words::of_padded(text.data(), 15), 1);
  table.add(std::string_view{text}.substr(0, 15), 1);
  table.add(string_words::of_padded(text.data(), 0), 1);
  table.add("", 1);
  EXPECT_EQ(contents(table), (std::map<std::string, uint64_t>{{"", 2}, {"a", 2}, {"a to", 2}, {"a to the four p", 2}}));
}

TEST(StringWords, AreTheSameByBothWays) {
  for (std::size_t n = 0; n <= string_words::max_size; ++n) {
    const std::string text = "\x80zyxwvutsrqponm\xff";
    EXPECT_EQ(string_words::of_padded(text.data(), n), string_words{std::string_view(text.data(), n)}) << n;
    EXPECT_EQ(string_words::of_padded(text.data(), n).view(), text.substr(0, n));
  }
}

TEST(StringWords, ReadNothingOfThePageBehind) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const two = ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(two, MAP_FAILED);
  char* const end = static_cast<char*>(two) + page;
  ASSERT_EQ(::mprotect(end, page, PROT_NONE), 0);
  std::iota(end - 40, end, 'A');
  for (std::size_t n = 0; n <= string_words::max_size; ++n)
    for (std::size_t behind = 0; behind < 20; ++behind) {
      const std::string_view text{end - behind - n, n};
      EXPECT_EQ(string_words{text}.view(), text) << behind;
    }
  ::munmap(two, 2 * page);
}

} // namespace
} // namespace crema::internal
