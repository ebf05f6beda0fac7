#include "net/limited_log.hpp"

#include <gtest/gtest.h>

namespace crema::net {

namespace {

using namespace std::chrono_literals;

constexpr limited_log::time begin{1000s};

int lines(limited_log& log, int n, limited_log::time when) {
  int written = 0;
  for (int i = 0; i != n; ++i)
    written += log.add("line", when) ? 1 : 0;
  return written;
}

} // namespace

TEST(LimitedLog, WritesTenLinesAtOnceAndThenOneASecond) {
  limited_log log;
  EXPECT_EQ(lines(log, 5000, begin), 10);
  EXPECT_EQ(lines(log, 5000, begin + 999ms), 0);
  EXPECT_EQ(lines(log, 5000, begin + 1s), 1);
  EXPECT_EQ(lines(log, 5000, begin + 4500ms), 3);
  EXPECT_EQ(lines(log, 5000, begin + 1h), 10);
}

TEST(LimitedLog, SaysHowManyLinesWereLeftOut) {
  limited_log log;
  lines(log, 25, begin);
  EXPECT_EQ(log.add("again", begin + 1s), "again (15 lines before this one were left out)");
  EXPECT_EQ(log.add("again", begin + 2s), "again");
}

} // namespace crema::net
