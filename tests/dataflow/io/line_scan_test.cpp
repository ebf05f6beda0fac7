#include "dataflow/io/line_scan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

namespace crema::internal {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using run_function = std::size_t (line_scan::*)(const char*, std::size_t, std::span<std::string_view>);

// The lines of `text`, whose padding is made of line ends, scanned `step` bytes at a time.
std::vector<std::string> scanned(line_scan& scan, const std::string& text, std::size_t step, run_function run) {
  const auto padded = text + std::string(line_scan::padding, '\n');
  std::array<std::string_view, 100> index;
  std::vector<std::string> result;
  while (scan.position < text.size()) {
    const auto limit = std::min(text.size(), scan.position + step);
    const auto count = (scan.*run)(padded.data(), limit, index);
    EXPECT_LE(count, index.size());
    EXPECT_LE(scan.position, limit);
    result.insert(result.end(), index.begin(), index.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return result;
}

} // namespace

TEST(LineScan, LeavesTheLineInProgress) {
  line_scan scan;
  EXPECT_THAT(scanned(scan, "a\nb\r\ncd", 100, &line_scan::run), ElementsAre("a", "b"));
  EXPECT_EQ(scan.line, 5U);
  EXPECT_EQ(scan.position, 7U);
  EXPECT_FALSE(scan.after_cr);
}

TEST(LineScan, RemembersACrAcrossRuns) {
  line_scan scan;
  EXPECT_THAT(scanned(scan, "a\r", 100, &line_scan::run), ElementsAre("a"));
  EXPECT_TRUE(scan.after_cr);
  EXPECT_THAT(scanned(scan, "a\r\n", 100, &line_scan::run), IsEmpty());
  EXPECT_EQ(scan.line, 3U);
}

TEST(LineScan, StopsWhenTheIndexIsFull) {
  const std::string text(1000, '\n');
  std::array<std::string_view, 130> index;
  line_scan scan;
  EXPECT_EQ(scan.run(text.data(), 900, index), 128U);
  EXPECT_EQ(scan.position, 128U);
}

TEST(LineScan, FindsTheSameWithAndWithoutWideVectors) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const std::string_view alphabet = seed % 2 == 0 ? "ab\r\n" : "abcdefghijklmnopqrstuvwxyz\x8A\x8D\r\n";
    std::string text(random() % 1000, ' ');
    std::generate(text.begin(), text.end(), [&] { return alphabet[random() % alphabet.size()]; });
    line_scan wide, baseline;
    wide.carriage_returns = baseline.carriage_returns = seed % 3 != 0;
    wide.delimiter = baseline.delimiter = seed % 5 == 0 ? 'b' : '\n';
    ASSERT_EQ(scanned(wide, text, 1 + random() % 200, &line_scan::run),
              scanned(baseline, text, 1 + random() % 200, &line_scan::run_baseline));
    ASSERT_EQ(wide.line, baseline.line);
    ASSERT_EQ(wide.after_cr, baseline.after_cr);
  }
}

} // namespace crema::internal
