#include "net/crema.hpp"

#include "tests/proc_cluster/barrier.hpp"
#include "tests/proc_cluster/proc_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <unistd.h>
#include <utility>

// Nodes that hang, links that are cut, workers that crash: what a driver believes of them, and what becomes of them.

namespace crema {

namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::barrier;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::node_of_this_process;
using ::testing::Not;
using testing::proc_cluster;
using testing::wait_at;

/// Sums by key of 0…999 in four partitions; the tasks on node b wait at the barrier before they give anything.
auto sums_with_a_wait_on_b(context& ctx, const barrier& at) {
  return ctx.range(0, 1000, 1, 4)
    .map(capture(at.path(),
                 [](const std::string& path, long x) {
                   if (x % 250 == 0 && node_of_this_process() == "b")
                     wait_at(path, "map");
                   return x;
                 }))
    .map([](long x) { return std::pair(x % 10, x); })
    .reduce_by_key(std::plus{}, 4)
    .values()
    .sum_async();
}
constexpr long all_of_them = 999L * 1000 / 2;

} // namespace

TEST(LostNode, WhoseDaemonHangsHasNoWorkerThatWorksOn) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b");
  barrier map{mars.path("map")};
  const auto ctx = mars.connect(2);
  auto job = sums_with_a_wait_on_b(*ctx, map);
  const watched_process worker{map.await(1).front().process};
  b.daemon().signal(SIGSTOP);
  EXPECT_EQ(job.get(), all_of_them);
  EXPECT_EQ(job.metrics().attempts, 2);
  EXPECT_TRUE(worker.ends_within(10s)) << "although its node says nothing";
  b.daemon().signal(SIGCONT);
  testing::workers_once(*ctx, 2);
}

TEST(LostNode, ThatWakesUpIsAnotherOneAndItsLateResultsDoNotCount) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b");
  barrier map{mars.path("map")};
  const auto ctx = mars.connect(2);
  auto job = sums_with_a_wait_on_b(*ctx, map);
  const auto pid = map.await(1).front().process;
  const watched_process worker{pid};
  const auto asleep = b.tree();
  asleep.signal(SIGSTOP);
  EXPECT_EQ(job.get(), all_of_them);
  EXPECT_EQ(job.metrics().attempts, 2);
  EXPECT_TRUE(worker.lives());
  mars.await_log("is lost: the peer gave no sign of life");
  map.open(); // what it would have said
  asleep.signal(SIGCONT);
  EXPECT_TRUE(worker.ends_within(10s));
  EXPECT_THAT(testing::workers_once(*ctx, 2), Not(Contains(pid)));
  EXPECT_EQ(sums_with_a_wait_on_b(*ctx, map).get(), all_of_them);
}

TEST(LostNode, ThatSleepsForAMomentIsNotLost) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b");
  barrier map{mars.path("map")};
  const auto ctx = mars.connect(2);
  auto job = sums_with_a_wait_on_b(*ctx, map);
  map.await(1);
  const auto asleep = b.tree();
  asleep.signal(SIGSTOP);
  EXPECT_FALSE(watched_process{b.pid()}.ends_within(500ms)); // so long it sleeps
  asleep.signal(SIGCONT);
  map.open();
  EXPECT_EQ(job.get(), all_of_them);
  EXPECT_EQ(job.metrics().attempts, 1);
  EXPECT_THAT(mars.log(), Not(HasSubstr("is lost")));
}

TEST(CutLink, CostsWhatRanOnTheNodeAndNotTheNode) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b", {.behind_proxy = true});
  const auto ctx = mars.connect(2);
  for (int i = 0; i != 2; ++i) {
    const auto before = testing::workers_once(*ctx, 2);
    barrier map{mars.path("map" + std::to_string(i))};
    auto job = sums_with_a_wait_on_b(*ctx, map);
    const watched_process worker{map.await(1).front().process};
    EXPECT_GE(b.proxy().reset(testing::traffic::nodes), 1U);
    EXPECT_TRUE(worker.ends_within(10s));
    map.open();
    EXPECT_EQ(job.get(), all_of_them);
    EXPECT_EQ(job.metrics().attempts, 2);
    EXPECT_NE(testing::workers_once(*ctx, 2), before);
  }
  EXPECT_THAT(mars.log(), Not(HasSubstr("is lost")));
}

TEST(CutLink, ToAWorkerCostsTheWorkerAlone) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b", {.behind_proxy = true});
  const auto ctx = mars.connect(2);
  barrier map{mars.path("map")};
  auto job = sums_with_a_wait_on_b(*ctx, map);
  const watched_process worker{map.await(1).front().process};
  EXPECT_GE(b.proxy().reset(testing::traffic::workers), 1U);
  EXPECT_TRUE(worker.ends_within(10s));
  map.open();
  EXPECT_EQ(job.get(), all_of_them);
  EXPECT_EQ(job.metrics().attempts, 2);
  testing::workers_once(*ctx, 2);
  EXPECT_THAT(mars.log(), Not(HasSubstr("is lost")));
}

TEST(CutLink, ThatStaysCutIsNotWaitedForUntilItHeals) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b", {.behind_proxy = true});
  const auto ctx = mars.connect(2);
  b.proxy().refuse(true);
  b.proxy().reset();
  testing::workers_once(*ctx, 1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ctx->range(0, 100, 1, 4).sum(), 4950);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  b.proxy().refuse(false);
  testing::workers_once(*ctx, 2);
  EXPECT_THAT(mars.log(), Not(HasSubstr("is lost")));
}

namespace {

void end_by(const std::string& how) {
  std::fputs("about to crash\n", stderr);
  if (how == "exit")
    ::_exit(3);
  std::raise(how == "abort" ? SIGABRT : SIGTERM);
}

} // namespace

TEST(CrashOfAWorker, IsToldWithItsSignalOrStatusAndItsLastWords) {
  proc_cluster mars;
  mars.add("a");
  for (const auto& [how, told] : {std::pair{"abort", "was killed by SIGABRT (Aborted)"},
                                  {"exit", "exited with status 3"},
                                  {"terminate", "was killed by SIGTERM (Terminated)"}}) {
    const auto ctx = mars.connect(1);
    try {
      ctx->range(0, 4, 1, 1)
        .map(capture(std::string{how},
                     [](const std::string& way, long x) {
                       if (x == 3)
                         end_by(way);
                       return x;
                     }))
        .count();
      ADD_FAILURE() << "no error";
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::unreachable);
      EXPECT_THAT(e.text(), AllOf(HasSubstr("node a at "), HasSubstr(told), HasSubstr("about to crash"),
                                  Not(HasSubstr("SIGKILL"))));
    }
  }
}

} // namespace crema
