#include "apps/examples/word_count.hpp"

#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/engines.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

namespace crema::examples {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using totals = std::vector<word_total>;

class word_count : public testing::on_every_engine {
protected:
  totals counted(const std::string& uris) { return by_frequency(count_words(ctx, uris)).collect(); }

  testing::temporary_directory directory;
};
INSTANTIATE_TEST_SUITE_P(Engines, word_count, testing::engine_shapes(), testing::engine_name);

/// Byte by byte, as the words are defined.
totals naively(const std::string& text) {
  std::map<std::string, std::uint64_t> counts;
  std::string word;
  for (const char c : text + "\n") {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 127 || std::isalnum(byte)) {
      word += byte < 128 ? static_cast<char>(std::tolower(byte)) : c;
    } else if (!word.empty()) {
      ++counts[word];
      word.clear();
    }
  }
  totals sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::greater{}, &word_total::second);
  return sorted;
}

std::string random_text(unsigned seed, int words) {
  std::mt19937 random{seed};
  const std::string letters = "abcdefgABZ019\xc3\xa9\x80\xff";
  const std::string gaps = "   \n\n\t.,;-_\r";
  std::string text;
  for (int i = 0; i != words; ++i) {
    for (auto length = 1 + random() % 4; length != 0; --length)
      text += letters[random() % letters.size()];
    text += gaps[random() % gaps.size()];
  }
  return text;
}

TEST_P(word_count, LowercasesAsciiLettersAndKeepsOtherBytes) {
  EXPECT_THAT(counted(directory.file("a", "The cat's CAF\xc3\x89, the\t2cats\xff!")),
              ElementsAre(Pair("the", 2), Pair("2cats\xff", 1), Pair("caf\xc3\x89", 1), Pair("cat", 1), Pair("s", 1)));
}

TEST_P(word_count, AgreesWithANaiveCount) {
  const auto text = random_text(7, 20'000);
  EXPECT_EQ(counted(directory.file("a", text)), naively(text));
}

TEST_P(word_count, KeepsTheFirstOfTheWholeOrder) {
  const auto text = random_text(8, 5'000);
  const auto all = naively(text);
  const auto words = count_words(ctx, directory.file("a", text));
  for (const std::int64_t n : {0, 1, 20, 300})
    EXPECT_EQ(most_frequent(words, n), totals(all.begin(), all.begin() + n));
}

TEST_P(word_count, ReadsSeveralFiles) {
  EXPECT_THAT(counted(directory.file("a", "x y") + "," + directory.file("b", "y")),
              ElementsAre(Pair("y", 2), Pair("x", 1)));
}

TEST_P(word_count, FindsNothingInNothing) {
  EXPECT_THAT(counted(directory.file("a", "")), ElementsAre());
}

TEST_P(word_count, WritesTheCountBeforeTheWord) {
  by_frequency(count_words(ctx, directory.file("a", "b a b")))
    .coalesce(1)
    .map(total_line{})
    .save_as_text_file(directory / "out");
  EXPECT_EQ(directory.content(directory / "out/part-00000"), "2\tb\n1\ta\n");
}

} // namespace
} // namespace crema::examples
