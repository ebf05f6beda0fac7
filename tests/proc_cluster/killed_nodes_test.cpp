#include "net/crema.hpp"

#include "tests/proc_cluster/barrier.hpp"
#include "tests/proc_cluster/proc_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <unistd.h>
#include <vector>

// kill -9 of nodes, and cuts of their links, at named points of a job: the result is the same, and what was done once
// is not done again where the plan allows that.

namespace crema {

namespace {

using namespace std::chrono_literals;
using testing::barrier;
using ::testing::HasSubstr;
using testing::node_of_this_process;
using ::testing::Not;
using testing::proc_cluster;
using testing::wait_at;

constexpr long rows = 8000;
constexpr long sum_of_rows = (rows - 1) * rows / 2;

/// Passes longs on; on node b it waits where it comes to the `at`th of a thousand, for which `at` is -1 where never.
auto wait_on_b(const barrier& where, long at) {
  return capture(where.path(), at, [](const std::string& path, long when, long x) {
    if (x % 1000 == when && node_of_this_process() == "b")
      wait_at(path, "here");
    return x;
  });
}

/// Where a task of node b is when the node is killed: after how many of its thousand rows before the shuffle, or behind
/// it (-1 is nowhere).
struct moment {
  const char* name;
  long before;
  long behind;
};

class KilledNode : public ::testing::TestWithParam<moment> {};

} // namespace

TEST_P(KilledNode, ChangesNoRow) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b");
  barrier here{mars.path("here")};
  const auto ctx = mars.connect(2);
  const auto seen = ctx->accumulator(0L);
  auto job = ctx->range(0, rows, 1, 8)
               .map(wait_on_b(here, GetParam().before))
               .map([seen](long x) {
                 seen.add(1);
                 return x;
               })
               .repartition(8)
               .map(wait_on_b(here, GetParam().behind))
               .sum_async();
  const watched_process worker{here.await(1).front().process};
  b.tree().signal(SIGKILL);
  EXPECT_EQ(job.get(), sum_of_rows);
  EXPECT_EQ(seen.value(), rows) << "each partition counts once";
  EXPECT_EQ(job.metrics().attempts, 2);
  EXPECT_LE(job.metrics().recomputed_tasks, 16);
  EXPECT_TRUE(worker.ends());
  EXPECT_EQ(ctx->range(0, 100, 1, 4).sum(), 4950);
}

INSTANTIATE_TEST_SUITE_P(At, KilledNode,
                         ::testing::Values(moment{"TheFirstRow", 0, -1}, moment{"TheSecondBlock", 100, -1},
                                           moment{"TheLastRow", 999, -1}, moment{"ReadingTheShuffle", -1, 500}),
                         [](const auto& each) { return each.param.name; });

TEST(KilledNode, CostsNoPartitionThatIsDone) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b");
  barrier here{mars.path("here")};
  const auto ctx = mars.connect(2);
  auto job = ctx->range(0, rows, 1, 8).map(wait_on_b(here, 999)).collect_async();
  here.await(1);
  b.tree().signal(SIGKILL);
  const auto found = job.get();
  ASSERT_EQ(found.size(), static_cast<std::size_t>(rows));
  for (long i = 0; i != rows; ++i)
    ASSERT_EQ(found[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(job.metrics().attempts, 2);
  EXPECT_EQ(job.metrics().recomputed_tasks, 0);
}

TEST(KilledNode, IsTheLastOneAndTheJobGoesOnWhereAnotherJoins) {
  proc_cluster mars;
  auto& b = mars.add("b");
  barrier here{mars.path("here")};
  const auto ctx = mars.connect(1);
  auto job = ctx->range(0, rows, 1, 4).map(wait_on_b(here, 0)).sum_async();
  here.await(1);
  b.tree().signal(SIGKILL);
  mars.await_log("is lost");
  mars.add("c");
  EXPECT_EQ(job.get(), sum_of_rows);
  EXPECT_EQ(job.metrics().attempts, 2);
}

TEST(KilledNode, IsNoNodeWhereItDiesBeforeTheControllerHasReachedIt) {
  proc_cluster mars;
  mars.add("a");
  {
    testing::link_proxy nowhere{[] { return net::address{"127.0.0.1", 1}; }, 1};
    nowhere.freeze();
    child_program ghost{CREMA_COMMAND,
                        {"crema", "node", "--profile", "mars", "--name", "ghost", "--work-dir", mars.path("work"),
                         "--advertise", to_string(nowhere.where())}};
    nowhere.await_connection(); // of the controller, which dials back
    ghost.signal(SIGKILL);
    ghost.status();
  }
  mars.add("c");
  const auto ctx = mars.connect(2);
  testing::workers_once(*ctx, 2);
  EXPECT_THAT(mars.log(), Not(HasSubstr("ghost")));
}

// -- cuts in every state ----------------------------------------------------------------------------------------------

TEST(CutConnection, AtAnyByteOfACollectLeavesEveryRowInItsPlace) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b", {.behind_proxy = true});
  const auto ctx = mars.connect(2);
  for (const std::uint64_t bytes : {1U, 200U, 3'000U, 60'000U, 250'000U}) {
    SCOPED_TRACE(std::to_string(bytes) + " bytes");
    testing::workers_once(*ctx, 2);
    barrier here{mars.path("here" + std::to_string(bytes))};
    auto job = ctx->range(0, 160'000, 1, 4).map(wait_on_b(here, 0)).collect_async();
    here.await(1);
    b.proxy().cut_open_after(bytes);
    here.open();
    const auto found = job.get();
    ASSERT_EQ(found.size(), 160'000U);
    for (long i = 0; i != 160'000; ++i)
      ASSERT_EQ(found[static_cast<std::size_t>(i)], i);
    EXPECT_LE(job.metrics().attempts, 3);
  }
}

TEST(CutConnection, AtAnyByteOfItsBeginIsMadeAgain) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b", {.behind_proxy = true});
  // TLS's hello, its certificate, the link's hello, introductions, the executable, the worker.
  for (const std::uint64_t bytes : {0U, 1U, 100U, 900U, 1500U, 1800U}) {
    SCOPED_TRACE(std::to_string(bytes) + " bytes");
    b.proxy().cut_next_after(bytes);
    const auto ctx = mars.connect(2);
    EXPECT_EQ(ctx->range(0, 100, 1, 4).sum(), 4950);
    testing::workers_once(*ctx, 2);
  }
  EXPECT_THAT(mars.log(), Not(HasSubstr("is lost")));
}

TEST(BadLink, GivesTheRightResultOrAnErrorAndHeals) {
  constexpr unsigned seed = 7;
  SCOPED_TRACE("seed " + std::to_string(seed));
  proc_cluster mars{seed};
  mars.add("a");
  auto& b = mars.add("b", {.behind_proxy = true});
  const auto ctx = mars.connect(2);
  int right = 0;
  for (const auto& weather : {testing::link_weather{.delay = 20ms, .jitter = 20ms},
                              {.corrupted = 0.1},
                              {.duplicated = 0.1},
                              {.delay = 5ms, .truncated = 0.1}}) {
    b.proxy().change(weather);
    try {
      EXPECT_EQ(ctx->range(0, 40'000, 1, 4).repartition(4).sum(), 39'999L * 40'000 / 2);
      ++right;
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::unreachable) << e.what();
    }
  }
  EXPECT_GE(right, 1) << "delay alone is no fault";
  b.proxy().change({});
  testing::workers_once(*ctx, 2);
}

TEST(BadLink, ThatGoesSilentBothWaysIsNoticedAndHeals) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b", {.behind_proxy = true});
  barrier here{mars.path("here")};
  const auto ctx = mars.connect(2);
  auto job = ctx->range(0, rows, 1, 4).map(wait_on_b(here, 0)).sum_async();
  const watched_process worker{here.await(1).front().process};
  b.proxy().freeze();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(job.get(), sum_of_rows);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 6s);
  EXPECT_EQ(job.metrics().attempts, 2);
  b.proxy().thaw();
  EXPECT_TRUE(worker.ends());
  testing::workers_once(*ctx, 2);
}

TEST(BadLink, WhoseCallerSaysNoMoreIsMadeAgain) {
  proc_cluster mars;
  mars.add("a");
  auto& b = mars.add("b", {.behind_proxy = true});
  const auto ctx = mars.connect(2);
  const auto before = testing::workers_once(*ctx, 2);
  EXPECT_GE(b.proxy().half_close(), 2U);
  EXPECT_EQ(ctx->range(0, 100, 1, 4).sum(), 4950);
  testing::workers_once(*ctx, 2);
  EXPECT_THAT(mars.log(), Not(HasSubstr("is lost")));
}

} // namespace crema
