#include "dataflow/io/line_reader.hpp"

#include "dataflow/error.hpp"
#include "tests/dataflow/io/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sys/stat.h>
#include <vector>

namespace crema::internal {

namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::temporary_directory;
using lines = std::vector<std::string>;

lines read_split(const std::string& path, std::uint64_t begin, std::uint64_t end, const line_options& options = {},
                 std::size_t at_once = 1 << 16) {
  lines result;
  line_reader reader{path, begin, end, options};
  while (reader.read(at_once, [&](std::string_view line) { result.emplace_back(line); })) {
  }
  return result;
}

lines read_all(const std::string& path, const line_options& options = {}) {
  return read_split(path, 0, std::filesystem::file_size(path), options);
}

// The rule in its plainest form.
lines oracle(std::string_view text) {
  lines result;
  std::string line;
  bool in_line = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] == '\r' || text[i] == '\n') {
      result.push_back(std::exchange(line, {}));
      in_line = false;
      i += pair ? 1 : 0;
    } else {
      line += text[i];
      in_line = true;
    }
  }
  if (in_line)
    result.push_back(line);
  return result;
}

std::string random_text(std::mt19937& random, std::size_t size, std::string_view alphabet) {
  std::string text(size, ' ');
  for (auto& byte : text)
    byte = alphabet[random() % alphabet.size()];
  return text;
}

template <class Call>
error error_of(Call call) {
  try {
    call();
  } catch (const error& e) {
    return e;
  }
  ADD_FAILURE() << "no error";
  return {errc::internal, ""};
}

} // namespace

TEST(LineReader, EndsALineAtLfCrlfAndCrOnly) {
  temporary_directory dir;
  const auto path = dir.file("x", "a\nb\r\nc\rd\ve\ff\xC2\x85g\xE2\x80\xA8h\0i\xFF\xFEj\n\n\r\r\n\n\rk"s);
  EXPECT_EQ(read_all(path),
            (lines{"a", "b", "c", "d\ve\ff\xC2\x85g\xE2\x80\xA8h\0i\xFF\xFEj"s, "", "", "", "", "", "k"}));
}

TEST(LineReader, CountsTheLastLineWithOrWithoutItsEnd) {
  temporary_directory dir;
  EXPECT_THAT(read_all(dir.file("empty")), IsEmpty());
  EXPECT_THAT(read_all(dir.file("lf", "a\n")), ElementsAre("a"));
  EXPECT_THAT(read_all(dir.file("crlf", "a\r\n")), ElementsAre("a"));
  EXPECT_THAT(read_all(dir.file("cr", "a\r")), ElementsAre("a"));
  EXPECT_THAT(read_all(dir.file("none", "a")), ElementsAre("a"));
  EXPECT_THAT(read_all(dir.file("two", "a\n\n")), ElementsAre("a", ""));
  EXPECT_THAT(read_all(dir.file("lfcr", "\n\r")), ElementsAre("", ""));
}

TEST(LineReader, EndsALineAtTheDelimiterAloneWhenOneIsGiven) {
  temporary_directory dir;
  const auto path = dir.file("x", "a\nb;c\r\n;;d");
  EXPECT_THAT(read_all(path, {.delimiter = ';'}), ElementsAre("a\nb", "c\r\n", "", "d"));
  EXPECT_THAT(read_all(path, {.delimiter = '\r'}), ElementsAre("a\nb;c", "\n;;d"));
  EXPECT_THAT(read_all(path, {.delimiter = '\n'}), ElementsAre("a", "b;c\r", ";;d"));
}

TEST(LineReader, GivesEachLineOnceWhereverTwoSplitsMeet) {
  temporary_directory dir;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const auto text = random_text(random, random() % 200, seed % 2 == 0 ? "a\r\n" : "aaaaaaaaaaaaa\r\n");
    const auto expected = oracle(text);
    const auto path = dir.file("x", text);
    ASSERT_EQ(read_all(path, {.buffer_bytes = 64}), expected);
    for (std::size_t border = 0; border <= text.size(); ++border) {
      auto found = read_split(path, 0, border, {.buffer_bytes = 64});
      const auto rest = read_split(path, border, text.size(), {.buffer_bytes = 64}, 1 + random() % 100);
      found.insert(found.end(), rest.begin(), rest.end());
      ASSERT_EQ(found, expected) << "border at " << border;
    }
  }
}

TEST(LineReader, GivesEachLineOnceWhenEveryByteIsASplit) {
  temporary_directory dir;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const auto text = random_text(random, 100 + random() % 100, "ab\r\n");
    const auto path = dir.file("x", text);
    lines found;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto part = read_split(path, i, i + 1);
      EXPECT_LE(part.size(), 1U);
      found.insert(found.end(), part.begin(), part.end());
    }
    ASSERT_EQ(found, oracle(text));
  }
}

TEST(LineReader, GivesTheSameLinesForEveryBufferAndTurn) {
  temporary_directory dir;
  std::mt19937 random{7};
  std::string text;
  while (text.size() < 100'000) {
    text += random_text(random, random() % 7 == 0 ? random() % 3000 : random() % 130, "abc\xE2\x80\xA8");
    text += std::array{"\n", "\r\n", "\r", "\n\n"}[random() % 4];
  }
  const auto path = dir.file("x", text);
  const auto expected = oracle(text);
  for (const std::size_t buffer : {1, 64, 65, 100, 4096, 1 << 18})
    for (const std::size_t at_once : {1, 63, 64, 1000, 1 << 20})
      ASSERT_EQ(read_split(path, 0, text.size(), {.buffer_bytes = buffer}, at_once), expected)
        << buffer << " bytes of buffer, " << at_once << " bytes at once";
}

TEST(LineReader, HandsTheThreadBackAfterAboutMaxBytes) {
  temporary_directory dir;
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += "0123456789\n";
  const auto path = dir.file("x", text);
  line_reader reader{path, 0, text.size()};
  std::size_t most = 0, turns = 0, total = 0;
  for (bool more = true; more; ++turns) {
    std::size_t bytes = 0;
    more = reader.read(10'000, [&](std::string_view line) { bytes += line.size() + 1; });
    most = std::max(most, bytes);
    total += bytes;
  }
  EXPECT_EQ(total, text.size());
  EXPECT_LE(most, 10'011U);
  EXPECT_GE(turns, text.size() / 10'011);
  EXPECT_EQ(reader.bytes_read(), text.size());
}

TEST(LineReader, ReadsNotMuchMoreThanItsSplit) {
  temporary_directory dir;
  std::string text;
  while (text.size() < 1'000'000)
    text += "0123456789\n";
  const auto path = dir.file("x", text);
  line_reader reader{path, 500'000, 501'000};
  while (reader.read(1 << 16, [](std::string_view) {})) {
  }
  EXPECT_LE(reader.bytes_read(), 1000U + 1 + 4096);
}

TEST(LineReader, ReadsALineOf100Megabytes) {
  temporary_directory dir;
  std::string text;
  text.resize(100'000'000, 'x');
  text += "\ny\n";
  const auto path = dir.file("x", text);
  std::vector<std::size_t> sizes;
  line_reader reader{path, 0, text.size()};
  while (reader.read(1 << 20, [&](std::string_view line) { sizes.push_back(line.size()); })) {
  }
  EXPECT_THAT(sizes, ElementsAre(100'000'000U, 1U));
}

TEST(LineReader, SkipsALongLineOfEarlierSplitsWithoutKeepingIt) {
  temporary_directory dir;
  const std::string text = std::string(1'000'000, 'x') + "\ny\n";
  const auto path = dir.file("x", text);
  EXPECT_THAT(read_split(path, 10, 900'000, {.max_line_bytes = 1000}), IsEmpty());
  EXPECT_THAT(read_split(path, 900'000, text.size(), {.max_line_bytes = 1000}), ElementsAre("y"));
}

TEST(LineReader, StopsReadingWhereASplitInsideALongLineEnds) {
  temporary_directory dir;
  const std::string text = std::string(1'000'000, 'x') + "\ny\n";
  line_reader reader{dir.file("x", text), 10, 100'000};
  while (reader.read(1000, [](std::string_view) { ADD_FAILURE() << "no line starts here"; })) {
  }
  EXPECT_LE(reader.bytes_read(), 100'000U + 4096);
}

TEST(LineReader, StopsReadingALineThatIsTooLong) {
  temporary_directory dir;
  const std::string text(1'000'000, 'x');
  line_reader reader{dir.file("x", text), 0, text.size(), {.buffer_bytes = 4096, .max_line_bytes = 10'000}};
  EXPECT_THROW(reader.read(text.size(), [](std::string_view) {}), error);
  EXPECT_LE(reader.bytes_read(), 20'000U);
}

TEST(LineReader, NamesFileAndByteOfALineThatIsTooLong) {
  temporary_directory dir;
  for (const std::size_t buffer : {64, 1000, 1 << 18}) {
    for (const char* end : {"", "\n", "\nz\n"}) {
      const auto path = dir.file("x", "ab\n" + std::string(1001, 'x') + end);
      const auto e = error_of([&] { read_all(path, {.buffer_bytes = buffer, .max_line_bytes = 1000}); });
      EXPECT_EQ(e.code(), errc::io_failure);
      EXPECT_THAT(e.text(), HasSubstr("'" + path + "' at byte 3: a line is longer than 1000 bytes"));
      EXPECT_EQ(read_all(path, {.buffer_bytes = buffer, .max_line_bytes = 1001})[1].size(), 1001U);
    }
  }
}

TEST(LineReader, FailsWhenTheFileShrinksBeforeItIsOpened) {
  temporary_directory dir;
  const auto path = dir.file("x", "abc\n");
  const auto e = error_of([&] { line_reader{path, 0, 5}; });
  EXPECT_EQ(e.code(), errc::io_failure);
  EXPECT_THAT(e.text(), HasSubstr("'" + path + "' at byte 5: the file has shrunk to 4 bytes"));
}

TEST(LineReader, FailsWhenTheFileShrinksWhileItIsRead) {
  temporary_directory dir;
  const auto path = dir.file("x", std::string(100'000, '\n'));
  line_reader reader{path, 0, 100'000, {.buffer_bytes = 4096}};
  ASSERT_TRUE(reader.read(1, [](std::string_view) {}));
  std::filesystem::resize_file(path, 5000);
  const auto e = error_of([&] {
    while (reader.read(1 << 20, [](std::string_view) {})) {
    }
  });
  EXPECT_EQ(e.code(), errc::io_failure);
  EXPECT_THAT(e.text(), HasSubstr("'" + path + "' at byte 5000: "));
}

TEST(LineReader, ReadsTheSizeThatAGrowingFileHadWhenOpened) {
  temporary_directory dir;
  const auto path = dir.file("x", "abc\ndef");
  line_reader reader{path, 0, 7};
  std::ofstream{path, std::ios::app} << "ghi\njkl\n";
  lines found;
  while (reader.read(100, [&](std::string_view line) { found.emplace_back(line); })) {
  }
  EXPECT_THAT(found, ElementsAre("abc", "def"));
}

TEST(LineReader, RefusesWhatIsGoneOrNoRegularFile) {
  temporary_directory dir;
  const auto gone = error_of([&] { line_reader{dir / "gone", 0, 1}; });
  EXPECT_EQ(gone.code(), errc::io_failure);
  EXPECT_THAT(gone.text(), HasSubstr("opening '" + (dir / "gone") + "': No such file"));
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { line_reader{dir / "fifo", 0, 1}; }).code(), errc::unsupported);
  EXPECT_EQ(error_of([&] { line_reader{dir.path(), 0, 1}; }).code(), errc::unsupported);
}

} // namespace crema::internal
