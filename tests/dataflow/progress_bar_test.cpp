#include "dataflow/progress_bar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace std::chrono_literals;
using crema::internal::progress_bar;
using crema::internal::stage_line;
using crema::internal::stage_progress;
using crema::internal::to_text;

const stage_line usual{1, 3, "reduce_by_key", 12, 40, 1'500'000, 1250ms};

/// A terminal in this process: what is written to `end` is read back by `screen`.
class terminal {
public:
  explicit terminal(unsigned short width) : master_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)} {
    EXPECT_EQ(::grantpt(master_), 0);
    EXPECT_EQ(::unlockpt(master_), 0);
    end_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_GE(end_, 0);
    resize(width);
    termios mode{};
    ::tcgetattr(end_, &mode);
    mode.c_oflag &= ~static_cast<tcflag_t>(OPOST); // a line feed stays one byte
    ::tcsetattr(end_, TCSANOW, &mode);
  }
  ~terminal() {
    ::close(end_);
    ::close(master_);
  }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  int end() const { return end_; }

  void resize(unsigned short width) const {
    winsize size{};
    size.ws_row = 24;
    size.ws_col = width;
    EXPECT_EQ(::ioctl(end_, TIOCSWINSZ, &size), 0);
  }

  /// All that was written since the last call.
  std::string screen() const {
    std::string text;
    for (pollfd ready{master_, POLLIN, 0}; ::poll(&ready, 1, 0) == 1;) {
      char some[4096];
      const auto n = ::read(master_, some, sizeof some);
      if (n <= 0)
        break;
      text.append(some, static_cast<std::size_t>(n));
    }
    return text;
  }

private:
  int master_;
  int end_ = -1;
};

class ProgressBar : public testing::Test {
protected:
  void SetUp() override { ::setenv("TERM", "xterm", 1); }

  terminal screen_{80};
  std::vector<stage_progress> stages_{{0, "map", 4, 1, true, 1000}, {1, "collect", 2, 0, false, 0}};
};

} // namespace

TEST(StageLine, FitsItsWidth) {
  EXPECT_EQ(to_text(usual, 120),
            "stage 1/3 reduce_by_key [===========>                          ] 12/40 1.2M rows/s 00:03 left");
  EXPECT_EQ(to_text(usual, 79), "stage 1/3 reduce_by_key [=======>                ] 12/40 1.2M rows/s 00:03 left");
  EXPECT_EQ(to_text(usual, 60), "stage 1/3 reduce_by_key [=>   ] 12/40 1.2M rows/s 00:03 left");
  EXPECT_EQ(to_text(usual, 58), "stage 1/3 reduce_by_key [====>          ] 12/40 00:03 left");
  EXPECT_EQ(to_text(usual, 46), "stage 1/3 reduce_by_key 12/40 00:03 left");
  EXPECT_EQ(to_text(usual, 39), "stage 1/3 reduce_by_key 12/40");
  EXPECT_EQ(to_text(usual, 28), "stage 1/3 12/40");
  EXPECT_EQ(to_text(usual, 14), "12/40");
  EXPECT_EQ(to_text(usual, 4), "");
}

TEST(StageLine, IsNeverWiderThanAsked) {
  for (int width = 0; width != 200; ++width)
    for (int done = 0; done <= 40; ++done) {
      auto line = usual;
      line.done = done;
      ASSERT_LE(to_text(line, width).size(), static_cast<std::size_t>(width));
    }
}

TEST(StageLine, SaysNothingThatIsNotKnownYet) {
  EXPECT_EQ(to_text({2, 2, "collect", 0, 8, 0, 700ms}, 60),
            "stage 2/2 collect [>                                   ] 0/8");
}

TEST(StageLine, IsFullWhenAllTasksAreDone) {
  EXPECT_EQ(to_text({2, 2, "count", 8, 8, 8, 2s}, 60), "stage 2/2 count [=============================] 8/8 4 rows/s");
}

TEST(StageLine, ScalesRatesAndTimes) {
  EXPECT_THAT(to_text({1, 1, "map", 1, 101, 950, 1s}, 70), testing::HasSubstr(" 950 rows/s 01:40 left"));
  EXPECT_EQ(to_text({1, 1, "map", 1, 2, 1234, 1s}, 40), "stage 1/1 map [====>    ] 1/2 00:01 left");
  EXPECT_THAT(to_text({1, 1, "map", 1, 2, 1234, 1s}, 70), testing::HasSubstr(" 1.2k rows/s "));
  EXPECT_THAT(to_text({1, 1, "map", 1, 2, 12'340, 1s}, 70), testing::HasSubstr(" 12k rows/s "));
  EXPECT_THAT(to_text({1, 1, "map", 1, 2, 999'600, 1s}, 70), testing::HasSubstr(" 1.0M rows/s "));
  EXPECT_THAT(to_text({1, 1, "map", 1, 2, 5'000'000'000, 1s}, 70), testing::HasSubstr(" 5.0G rows/s "));
  EXPECT_THAT(to_text({1, 1, "map", 1, 3, 1, 3600s}, 70), testing::HasSubstr(" 2:00:00 left"));
  EXPECT_THAT(to_text({1, 1, "map", 1, 1'000'000, 1, 3600s}, 70), testing::HasSubstr(" 99:59:59 left"));
}

TEST_F(ProgressBar, ShowsALineForEachRunningStage) {
  progress_bar bar{true, screen_.end()};
  bar.show(stages_, 500ms);
  EXPECT_EQ(screen_.screen(), to_text({1, 2, "map", 1, 4, 1000, 500ms}, 79));
  stages_[1].started = true;
  bar.show(stages_, 700ms);
  EXPECT_EQ(screen_.screen(), "\r\x1b[J" + to_text({1, 2, "map", 1, 4, 1000, 700ms}, 79) + "\n"
                                + to_text({2, 2, "collect", 0, 2, 0, 0ms}, 79));
}

TEST_F(ProgressBar, RewritesInPlaceAndClearsItselfAtTheEnd) {
  {
    progress_bar bar{true, screen_.end()};
    stages_[1].started = true;
    bar.show(stages_, 500ms);
    screen_.screen();
    bar.show(stages_, 700ms);
    EXPECT_THAT(screen_.screen(), testing::StartsWith("\r\x1b[1A\x1b[J"));
  }
  EXPECT_EQ(screen_.screen(), "\r\x1b[1A\x1b[J");
}

TEST_F(ProgressBar, TakesTheTimeOfAStageFromItsBeginning) {
  progress_bar bar{true, screen_.end()};
  bar.show(stages_, 10s);
  stages_[0].done = 4;
  stages_[1] = {1, "collect", 2, 0, true, 0};
  bar.show(stages_, 20s);
  screen_.screen();
  stages_[1].done = 1;
  bar.show(stages_, 25s);
  EXPECT_EQ(screen_.screen(), "\r\x1b[J" + to_text({2, 2, "collect", 1, 2, 0, 5s}, 79));
}

TEST_F(ProgressBar, BeginsAnewWithAFurtherPlanOfTheJob) {
  progress_bar bar{true, screen_.end()};
  stages_ = {{0, "take", 4, 2, true, 10}};
  bar.show(stages_, 10s);
  stages_ = {{0, "take", 8, 1, true, 10}};
  bar.show(stages_, 20s);
  screen_.screen();
  bar.show(stages_, 22s);
  EXPECT_EQ(screen_.screen(), "\r\x1b[J" + to_text({1, 1, "take", 1, 8, 10, 2s}, 79));
}

TEST_F(ProgressBar, FollowsTheWidthOfTheTerminal) {
  progress_bar bar{true, screen_.end()};
  screen_.resize(30);
  bar.show(stages_, 500ms);
  EXPECT_EQ(screen_.screen(), "stage 1/2 map 1/4 00:02 left");
  screen_.resize(0);
  bar.show(stages_, 500ms);
  EXPECT_EQ(screen_.screen(), "\r\x1b[J" + to_text({1, 2, "map", 1, 4, 1000, 500ms}, 79));
}

TEST_F(ProgressBar, ShowsAFewStagesOfMany) {
  stages_.clear();
  for (int i = 0; i != 100; ++i)
    stages_.push_back({i, "map", 2, 1, true, 0});
  progress_bar bar{true, screen_.end()};
  bar.show(stages_, 500ms);
  const auto text = screen_.screen();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), progress_bar::most_lines - 1);
}

TEST_F(ProgressBar, WritesNothingUnlessItIsWanted) {
  {
    progress_bar bar{false, screen_.end()};
    bar.show(stages_, 500ms);
  }
  EXPECT_EQ(screen_.screen(), "");
}

TEST_F(ProgressBar, WritesNothingToATerminalThatCannotBeRewritten) {
  for (const char* type : {"dumb", ""}) {
    ::setenv("TERM", type, 1);
    progress_bar bar{true, screen_.end()};
    bar.show(stages_, 500ms);
  }
  ::unsetenv("TERM");
  {
    progress_bar bar{true, screen_.end()};
    bar.show(stages_, 500ms);
  }
  EXPECT_EQ(screen_.screen(), "");
}

TEST_F(ProgressBar, WritesNothingToAFile) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  {
    progress_bar bar{true, ends[1]};
    bar.show(stages_, 500ms);
  }
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), -1);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(ProgressBar, LeavesTheTerminalToTheOneThatShowedFirst) {
  progress_bar second{true, screen_.end()};
  {
    progress_bar first{true, screen_.end()};
    first.show(stages_, 500ms);
    screen_.screen();
    second.show(stages_, 500ms);
    EXPECT_EQ(screen_.screen(), "");
  }
  screen_.screen();
  second.show(stages_, 700ms);
  EXPECT_NE(screen_.screen(), "");
}
