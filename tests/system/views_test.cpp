#include "net/client.hpp"

#include "tests/dataflow/io/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

// Views of engines that are processes.

namespace crema {
namespace {

using ::testing::ElementsAre;

config on_two_processes() {
  config settings;
  settings.master = "processes[2]";
  settings.progress = false;
  return settings;
}

class Engines : public ::testing::Test {
protected:
  client c{on_two_processes()};
};

TEST_F(Engines, SayHelloWorld) {
  auto greetings = c.all().map([](int) { return std::string{"hello world"}; }, std::array{0, 1});
  EXPECT_THAT(greetings.get(), ElementsAre("hello world", "hello world"));
}

TEST_F(Engines, AreProcessesOfTheirOwn) {
  const auto ids = c.all().apply([] { return ::getpid(); }).get();
  EXPECT_EQ(std::set<pid_t>(ids.begin(), ids.end()).size(), 2U);
  EXPECT_EQ(c[1].apply([] { return ::getpid(); }).get(), std::vector{ids[1]});
  EXPECT_FALSE(std::set<pid_t>(ids.begin(), ids.end()).contains(::getpid()));
}

TEST_F(Engines, KeepWhatIsScattered) {
  const auto parts = c.all().scatter(std::vector<std::string>{"a", "b", "c"});
  const auto where = parts.apply([](const std::vector<std::string>& mine) {
                            return std::pair{::getpid(), mine};
                          })
                       .get();
  EXPECT_THAT(where[0].second, ElementsAre("a", "b"));
  EXPECT_THAT(where[1].second, ElementsAre("c"));
  EXPECT_NE(where[0].first, where[1].first);
  EXPECT_THAT(parts.gather(), ElementsAre("a", "b", "c"));
}

TEST_F(Engines, ReportWhatEachOfThemThrew) {
  const auto all = c.all().apply([]() -> int { throw std::out_of_range{"no such thing"}; }).outcomes();
  ASSERT_EQ(all.size(), 2U);
  for (const auto& each : all) {
    EXPECT_EQ(each.failure->where().type, "std::out_of_range");
    EXPECT_EQ(each.failure->text(), "no such thing");
  }
}

/// Notes in a file that this call has come, and waits until `calls` have.
bool meet(const std::string& path, off_t calls) {
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  bool met = file >= 0 && ::write(file, "x", 1) == 1;
  struct stat now {};
  for (int ms = 0; met && ::fstat(file, &now) == 0 && now.st_size < calls; ++ms)
    met = ::poll(nullptr, 0, 1) == 0 && ms < 60'000;
  ::close(file);
  return met;
}

TEST_F(Engines, WaitInTwoHundredCallsAtOnce) {
  testing::temporary_directory dir;
  const auto all_met =
    c.balanced()
      .map(io_bound(capture(dir / "calls", [](const std::string& path, int) { return meet(path, 200); })),
           std::vector<int>(200))
      .get();
  EXPECT_THAT(all_met, ::testing::Each(true));
}

} // namespace
} // namespace crema
