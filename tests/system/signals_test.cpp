#include "net/crema.hpp"

#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/loopback_cluster.hpp"
#include "tests/system/child_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

// Drivers that get SIGINT and SIGTERM: what they leave behind, on every engine, which is nothing.

namespace crema {

namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto time_to_end = 5s;

std::size_t entries_of(const std::string& directory) {
  const std::filesystem::directory_iterator list{directory};
  return static_cast<std::size_t>(std::distance(begin(list), end(list)));
}

/// Runs the driver on the engine of that name, and has a cluster where it needs one.
class Signals : public ::testing::TestWithParam<const char*> {
protected:
  Signals() {
    if (on_cluster()) {
      ::setenv("CREMA_PROFILE", "mars", 1);
      mars_.emplace();
      mars_->add_node("a");
      mars_->add_node("b");
      EXPECT_TRUE(comes_true([] {
        child_program status{CREMA_COMMAND, {"crema", "cluster", "status"}};
        return status.all().find("2 nodes") != std::string::npos;
      }));
      descriptors_ = entries_of("/proc/self/fd");
    }
  }
  ~Signals() override { ::unsetenv("CREMA_PROFILE"); }

  void start(const char* that_does) {
    const auto master = on_cluster() ? mars_->settings(2).master : std::string{GetParam()};
    driver_ = std::make_unique<child_program>(
      CLUSTER_PROGRAM, std::vector<std::string>{"driver", that_does, "--crema-master=" + master,
                                                std::string{"--crema-nodes="} + (on_cluster() ? "2" : "1"),
                                                "--crema-memory=4MiB", "--crema-spill-dir=" + spill_.path()});
    std::istringstream said{driver_->until(" all\n")};
    said.ignore(100, ':');
    for (pid_t pid = 0; said >> pid;)
      workers_.emplace_back(pid);
    EXPECT_THAT(workers_, Not(IsEmpty()));
  }

  bool on_cluster() const { return std::string{GetParam()} == "cluster"; }

  /// Its status, once it has ended in time and nothing of it is left.
  int end_without_rest(std::chrono::milliseconds time) {
    const auto begin = std::chrono::steady_clock::now();
    const int status = driver_->status();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, time);
    EXPECT_THAT(driver_->all(), Not(HasSubstr("failed:")));
    for (const auto& each : workers_)
      EXPECT_TRUE(each.ends());
    if (on_cluster()) {
      const auto own = workers_.size() + 1; // which this watches, and the driver's output
      EXPECT_TRUE(comes_true([&] { return entries_of(mars_->work() + "/drivers") == 0; }));
      EXPECT_TRUE(comes_true([&] { return entries_of("/proc/self/fd") <= descriptors_ + own; }));
    }
    return status;
  }

  testing::temporary_directory spill_;
  std::unique_ptr<child_program> driver_;

private:
  std::optional<testing::loopback_cluster> mars_;
  std::vector<watched_process> workers_;
  std::size_t descriptors_ = 0;
};

} // namespace

TEST_P(Signals, CancelAndGiveEverythingBack) {
  start("counts");
  driver_->until("a task counts\n");
  if (!on_cluster()) {
    EXPECT_NE(entries_of(spill_.path()), 0U);
  }
  driver_->signal(SIGINT);
  EXPECT_EQ(end_without_rest(time_to_end), 128 + SIGINT);
  EXPECT_EQ(entries_of(spill_.path()), 0U);
}

TEST_P(Signals, DoNotWaitForAFunctionThatNeverReturns) {
  start("waits");
  driver_->until("a task waits\n");
  driver_->signal(SIGTERM);
  EXPECT_EQ(end_without_rest(time_to_end), 128 + SIGTERM);
}

TEST_P(Signals, EndItAtOnceTheSecondTime) {
  start("waits");
  driver_->until("a task waits\n");
  driver_->signal(SIGINT);
  driver_->signal(SIGTERM);
  EXPECT_THAT(end_without_rest(2s), AnyOf(128 + SIGINT, 128 + SIGTERM));
}

TEST_P(Signals, GoToTheProgramsOwnHandler) {
  start("handles");
  driver_->until("a task waits\n");
  driver_->signal(SIGINT);
  EXPECT_EQ(end_without_rest(2s), 3);
}

INSTANTIATE_TEST_SUITE_P(OnEveryEngine, Signals, ::testing::Values("local[2]", "processes[2]", "cluster"),
                         [](const auto& of) {
                           const std::string name{of.param};
                           return name.substr(0, name.find('['));
                         });

} // namespace crema
