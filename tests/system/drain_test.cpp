#include "net/crema.hpp"

#include "tests/loopback_cluster.hpp"
#include "tests/system/child_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

// Nodes that are drained while jobs run on them: node a is in this process, node b one of its own.

namespace crema {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// Whether this process works below the directory of that name.
bool is_on(std::string_view directory) {
  return std::filesystem::current_path().string().find(directory) != std::string::npos;
}

/// Takes a byte from the pipe, once there is one.
void wait_at(const std::string& pipe) {
  const net::descriptor end{::open(pipe.c_str(), O_RDONLY | O_CLOEXEC)};
  char byte = 0;
  while (::read(end.get(), &byte, 1) != 1) {
  }
}

class Drain : public ::testing::Test {
protected:
  Drain() {
    ::setenv("CREMA_PROFILE", "mars", 1);
    mars_.emplace();
    mars_->add_node("a", 4);
    gate = mars_->path("gate");
    ::mkfifo(gate.c_str(), 0600);
    gate_ = net::descriptor{::open(gate.c_str(), O_RDWR | O_CLOEXEC)};
    std::filesystem::create_directory(mars_->path("waiting"));
  }
  ~Drain() override { ::unsetenv("CREMA_PROFILE"); }

  std::vector<std::string> node_b(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"crema",       "node", "--name",     "b",
                                   "--cpu-slots", "4",    "--work-dir", mars_->path("work_of_b")};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  config settings(int nodes) const { return mars_->settings(nodes); }

  /// A job of four tasks that wait at the gate, two on each node.
  job<long> waiting_job(const context& ctx) const {
    auto waits = ctx.range(0, 4, 1, 4)
                   .map(capture(mars_->path("waiting/"), gate,
                                [](const std::string& waiting, const std::string& at, long x) {
                                  ::close(::open((waiting + std::to_string(x)).c_str(), O_CREAT | O_WRONLY, 0600));
                                  wait_at(at);
                                  return is_on("work_of_b") ? 1L : 0L;
                                }))
                   .sum_async();
    EXPECT_TRUE(
      comes_true([&] { return std::distance(std::filesystem::directory_iterator{mars_->path("waiting")}, {}) == 4; }));
    return waits;
  }
  void open_gate() const {
    const std::string for_all(64, '.');
    EXPECT_EQ(::write(gate_.get(), for_all.data(), for_all.size()), 64);
  }

  static std::set<long> workers(const context& ctx) {
    const auto ids = ctx.range(0, 8, 1, 8).map([](long) { return long{::getpid()}; }).collect();
    return {ids.begin(), ids.end()};
  }

  static std::string output(std::vector<std::string> words, int expected = 0) {
    words.insert(words.begin(), "crema");
    child_program one{CREMA_COMMAND, std::move(words)};
    const auto text = one.all();
    EXPECT_EQ(one.status(), expected) << text;
    return text;
  }

private:
  std::optional<testing::loopback_cluster> mars_;
  std::string gate;
  net::descriptor gate_;
};

} // namespace

TEST_F(Drain, LetsTheJobsOfANodeEndAndComputesNothingAgain) {
  child_program b{CREMA_COMMAND, node_b()};
  context ctx{settings(2)};
  EXPECT_THAT(workers(ctx), SizeIs(2));
  auto waits = waiting_job(ctx);
  b.signal(SIGTERM);
  b.until("takes no new work");
  EXPECT_TRUE(comes_true([&] { return workers(ctx).size() == 1; }));
  EXPECT_THAT(output({"cluster", "status"}), HasSubstr("draining"));
  EXPECT_THAT(output({"cluster", "list"}), HasSubstr("2 nodes, 1 draining"));
  EXPECT_FALSE(waits.ready());
  open_gate();
  EXPECT_EQ(waits.get(), 2);
  EXPECT_EQ(waits.metrics().attempts, 1);
  EXPECT_EQ(waits.metrics().recomputed_tasks, 0);
  EXPECT_EQ(b.status(), 0);
  EXPECT_THAT(workers(ctx), SizeIs(1));
}

TEST_F(Drain, IsAskedForByACommandThatWaitsForItsEnd) {
  child_program b{CREMA_COMMAND, node_b()};
  context ctx{settings(2)};
  auto waits = waiting_job(ctx);
  child_program drains{CREMA_COMMAND, {"crema", "cluster", "drain", "b", "--within", "60s"}};
  b.until("leaves in 60000 ms at the latest");
  EXPECT_TRUE(comes_true([&] { return workers(ctx).size() == 1; }));
  open_gate();
  EXPECT_EQ(waits.get(), 2);
  EXPECT_EQ(waits.metrics().recomputed_tasks, 0);
  EXPECT_EQ(drains.all(), "node b has left cluster mars\n");
  EXPECT_EQ(drains.status(), 0);
  EXPECT_EQ(b.status(), 0);
  EXPECT_THAT(output({"cluster", "drain", "c"}, 3), HasSubstr("the cluster has no node c; it has a"));
}

TEST_F(Drain, EndsWhenItsTimeIsOver) {
  child_program b{CREMA_COMMAND, node_b({"--drain", "100ms"})};
  context ctx{settings(2)};
  auto waits = waiting_job(ctx);
  b.signal(SIGTERM);
  EXPECT_EQ(b.status(), 0);
  open_gate();
  EXPECT_EQ(waits.get(), 0);
  EXPECT_EQ(waits.metrics().attempts, 2);
}

TEST_F(Drain, EndsAtTheSecondSignal) {
  child_program b{CREMA_COMMAND, node_b()};
  context ctx{settings(2)};
  auto waits = waiting_job(ctx);
  b.signal(SIGTERM);
  b.until("takes no new work");
  b.signal(SIGTERM);
  EXPECT_EQ(b.status(), 0);
  waits.cancel();
  open_gate();
}

TEST_F(Drain, IsOverAtOnceWhereNothingRuns) {
  child_program b{CREMA_COMMAND, node_b()};
  context ctx{settings(2)};
  EXPECT_THAT(workers(ctx), SizeIs(2));
  b.signal(SIGTERM);
  EXPECT_EQ(b.status(), 0);
  EXPECT_THAT(workers(ctx), SizeIs(1));
}

TEST_F(Drain, KeepsDriversAwayThatComeMeanwhile) {
  child_program b{CREMA_COMMAND, node_b()};
  context ctx{settings(2)};
  auto waits = waiting_job(ctx);
  b.signal(SIGTERM);
  EXPECT_TRUE(comes_true([&] { return workers(ctx).size() == 1; }));
  {
    context other{settings(1)};
    EXPECT_THAT(workers(other), SizeIs(1));
  }
  open_gate();
  EXPECT_EQ(waits.get(), 2);
  EXPECT_EQ(b.status(), 0);
}

} // namespace crema
