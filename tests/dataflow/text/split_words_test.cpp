#include "dataflow/text/split_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <random>
#include <ranges>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using testing::ElementsAre;
using strings = std::vector<std::string>;

static_assert(std::ranges::forward_range<const crema::word_range>);
static_assert(std::movable<crema::word_range>, "or no std::views would take a temporary one");
static_assert(std::same_as<std::ranges::range_value_t<crema::word_range>, std::string_view>);

template <class Text>
concept splits = requires(Text&& text) {
  crema::split_words(std::forward<Text>(text));
};
static_assert(splits<const std::string&> && splits<std::string&> && splits<std::string_view> && splits<const char*>);
static_assert(!splits<std::string>, "the words of a temporary would dangle");

strings all(const crema::word_range& range) {
  strings found;
  for (std::string_view word : range)
    found.emplace_back(word);
  return found;
}

/// The maximal runs of bytes for which `in_word` holds, byte by byte.
template <class InWord>
strings runs(std::string_view line, InWord in_word) {
  strings found;
  bool inside = false;
  for (const char byte : line) {
    const bool word = in_word(static_cast<unsigned char>(byte));
    if (word && !inside)
      found.emplace_back();
    if (word)
      found.back() += byte;
    inside = word;
  }
  return found;
}

strings split_oracle(std::string_view line) {
  return runs(line, [](unsigned byte) { return byte != ' ' && (byte < '\t' || byte > '\r'); });
}

strings words_oracle(std::string_view line) {
  std::string lowered{line};
  for (char& byte : lowered)
    if (byte >= 'A' && byte <= 'Z')
      byte = static_cast<char>(byte + ('a' - 'A'));
  return runs(lowered,
              [](unsigned byte) { return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte > 127; });
}

/// Lines in memory of exactly their size, so that AddressSanitizer sees a byte read behind them.
class random_lines {
public:
  explicit random_lines(unsigned seed) : random_{seed} {}

  std::string_view next(std::size_t size) {
    // Every second line has few different bytes, so that runs of spaces, words and bounds of the rules are common.
    static constexpr std::string_view few = " \t\n\r\v\f\b\x0e\x1f!/09:@AZ[`az{\x7f\x80\xff";
    const bool from_all = random_() % 2 == 0;
    line_ = std::make_unique<char[]>(size);
    for (std::size_t i = 0; i != size; ++i)
      line_[i] = from_all ? static_cast<char>(random_()) : few[random_() % few.size()];
    return {line_.get(), size};
  }

private:
  std::mt19937 random_;
  std::unique_ptr<char[]> line_;
};

} // namespace

TEST(SplitWords, SplitsAtRunsOfWhitespace) {
  EXPECT_THAT(all(crema::split_words("  the quick\t\tbrown\r\nfox ")), ElementsAre("the", "quick", "brown", "fox"));
  EXPECT_THAT(all(crema::split_words("one")), ElementsAre("one"));
  EXPECT_THAT(all(crema::split_words("")), ElementsAre());
  EXPECT_THAT(all(crema::split_words(" \t\n\v\f\r ")), ElementsAre());
  EXPECT_THAT(all(crema::split_words({})), ElementsAre());
}

TEST(SplitWords, GivesViewsOfTheLineItself) {
  const std::string line = "of a line";
  EXPECT_EQ((*crema::split_words(line).begin()).data(), line.data());
}

TEST(SplitWords, AgreesWithAByteByByteSplit) {
  random_lines lines{1};
  for (std::size_t size = 0; size <= 200; ++size)
    for (int i = 0; i != 50; ++i) {
      const auto line = lines.next(size);
      ASSERT_EQ(all(crema::split_words(line)), split_oracle(line)) << testing::PrintToString(line);
    }
}

TEST(Words, AreLowercasedLettersDigitsAndBytesAbove127) {
  EXPECT_THAT(all(crema::words("The Caf\xc3\xa9's 2nd URL: http://x.Y/")),
              ElementsAre("the", "caf\xc3\xa9", "s", "2nd", "url", "http", "x", "y"));
  EXPECT_THAT(all(crema::words("")), ElementsAre());
  EXPECT_THAT(all(crema::words("--- @[`{ ---")), ElementsAre());
}

TEST(Words, LowercaseNothingButAsciiLetters) {
  for (int byte = 0; byte != 256; ++byte) {
    const std::string line(1, static_cast<char>(byte));
    ASSERT_EQ(all(crema::words(line)), words_oracle(line)) << byte;
  }
}

TEST(Words, AgreeWithAByteByByteSplit) {
  random_lines lines{2};
  for (std::size_t size = 0; size <= 200; ++size)
    for (int i = 0; i != 50; ++i) {
      const auto line = lines.next(size);
      ASSERT_EQ(all(crema::words(line)), words_oracle(line)) << testing::PrintToString(line);
    }
}

TEST(Words, OfLongLinesAreTheSame) {
  random_lines lines{3};
  for (std::size_t size = 240; size <= 1100; ++size) {
    const auto line = lines.next(size);
    ASSERT_EQ(all(crema::words(line)), words_oracle(line)) << testing::PrintToString(line);
    ASSERT_EQ(all(crema::split_words(line)), split_oracle(line)) << testing::PrintToString(line);
  }
  const std::string one(3'000'000, 'X');
  EXPECT_THAT(all(crema::words(one)), ElementsAre(std::string(one.size(), 'x')));
}

TEST(Words, OfSeveralLinesMayLiveAtOnce) {
  for (const std::size_t size : {20u, 300u, 5000u}) {
    const std::string a(size, 'A');
    const std::string b(size - 1, 'B');
    const auto first = crema::words(a);
    const auto second = crema::words(b);
    EXPECT_THAT(all(first), ElementsAre(std::string(size, 'a')));
    EXPECT_THAT(all(second), ElementsAre(std::string(size - 1, 'b')));
  }
}

TEST(Words, MayBeMovedToAnotherOwner) {
  for (const std::size_t size : {20u, 300u}) {
    const std::string line = std::string(size, 'A') + " B";
    std::optional<crema::word_range> first{crema::words(line)};
    auto second = std::move(*first);
    first.reset();
    const auto other = crema::words(std::string_view{"c d e"});
    EXPECT_THAT(all(second), ElementsAre(std::string(size, 'a'), "b"));
    EXPECT_THAT(all(other), ElementsAre("c", "d", "e"));
  }
}

TEST(Words, MayBeMadeOnOneThreadAndEndOnAnother) {
  const std::string line(1000, 'Q');
  auto range = std::make_unique<crema::word_range>(crema::words(line));
  std::thread{[&] { range.reset(); }}.join();
  EXPECT_THAT(all(crema::words(line)), ElementsAre(std::string(1000, 'q')));
}

TEST(Words, WorkWithTheAlgorithmsOfTheStandard) {
  const auto range = crema::words("a bb ccc dd");
  EXPECT_EQ(std::ranges::count_if(range, [](std::string_view word) { return word.size() > 1; }), 3);
  EXPECT_EQ(std::ranges::distance(range), 4);
}
