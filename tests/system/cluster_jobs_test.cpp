#include "net/crema.hpp"

#include "tests/loopback_cluster.hpp"
#include "tests/system/child_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Clusters: nodes in this process run workers of this same executable, over TLS on loopback.

namespace crema {

namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using cluster = testing::loopback_cluster;

class with_profile {
public:
  with_profile() { ::setenv("CREMA_PROFILE", "mars", 1); }
  ~with_profile() { ::unsetenv("CREMA_PROFILE"); }
};

std::string failure(const std::function<void()>& call, errc expected) {
  try {
    call();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), expected) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

std::set<long> processes_of(context& ctx) {
  const auto ids = ctx.range(0, 12, 1, 12).map([](long) { return long{::getpid()}; }).collect();
  return {ids.begin(), ids.end()};
}

/// Whether this process works below the directory of that name.
bool is_on(std::string_view directory) {
  return std::filesystem::current_path().string().find(directory) != std::string::npos;
}

/// Three nodes that all tests of the suite share.
class ClusterJobs : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    mars = std::make_unique<shared>();
    for (const auto* name : {"a", "b", "c"})
      mars->nodes.add_node(name);
    mars->ctx.emplace(mars->nodes.settings(3));
  }
  static void TearDownTestSuite() { mars.reset(); }

  struct shared {
    with_profile name;
    cluster nodes;
    std::optional<context> ctx;
  };
  static std::unique_ptr<shared> mars;

  context& ctx = *mars->ctx;
};

std::unique_ptr<ClusterJobs::shared> ClusterJobs::mars;

} // namespace

TEST_F(ClusterJobs, RunOnAWorkerOfEachNode) {
  const auto workers = processes_of(ctx);
  EXPECT_THAT(workers, SizeIs(3));
  EXPECT_FALSE(workers.contains(::getpid()));
  EXPECT_EQ(ctx.default_parallelism(), 3);
}

TEST_F(ClusterJobs, CountWordsAsOneThreadDoes) {
  std::vector<std::string> lines;
  std::map<std::string, long> expected;
  for (int i = 0; i != 2000; ++i) {
    lines.push_back("w" + std::to_string(i % 7) + " w" + std::to_string(i % 301) + " the");
    for (const auto word : words(lines.back()))
      ++expected[std::string{word}];
  }
  const auto counts = ctx.parallelize(lines, 7)
                        .flat_map([](std::string_view line) { return words(line); })
                        .map([](std::string_view word) { return std::pair(word, 1L); })
                        .reduce_by_key(std::plus{}, 5)
                        .collect_as_map();
  EXPECT_EQ((std::map<std::string, long>{counts.begin(), counts.end()}), expected);
}

TEST_F(ClusterJobs, SortJoinCacheAndShareVariables) {
  const auto factor = ctx.broadcast(3L);
  const auto seen = ctx.accumulator(0L);
  auto tripled = ctx.range(0, 1000, 1, 5).map([factor, seen](long x) {
    seen.add(1);
    return std::pair(x % 100, x * factor.value());
  });
  EXPECT_EQ(tripled.values().sort_by([](long x) { return -x; }).take(2), (std::vector<long>{2997, 2994}));
  auto names = ctx.range(0, 100, 1, 2).map([](long x) { return std::pair(x, std::to_string(x)); });
  EXPECT_EQ(tripled.join(names).count(), 1000u);
  EXPECT_EQ(seen.value() % 1000, 0);
  auto kept = ctx.range(0, 999, 1, 4).map([](long x) { return x * x; }).cache();
  const auto alone = kept.sum();
  EXPECT_EQ(kept.union_with(kept).union_with(kept).sum(), 3 * alone);
}

TEST_F(ClusterJobs, ReadAndWriteFilesThatAllNodesSee) {
  const auto target = mars->nodes.path("numbers");
  ctx.range(0, 100, 1, 5).save_as_text_file(target);
  EXPECT_EQ(ctx.text_file(target).count(), 100u);
}

TEST_F(ClusterJobs, RunInADirectoryOfTheDriversOwn) {
  const auto places =
    ctx.range(0, 6, 1, 6).map([](long) { return std::filesystem::current_path().string(); }).distinct().collect();
  EXPECT_THAT(places, SizeIs(3));
  for (const auto& each : places)
    EXPECT_EQ(std::filesystem::path{each}.parent_path(), mars->nodes.work() + "/drivers");
}

TEST_F(ClusterJobs, TellWhatAUserFunctionThrew) {
  EXPECT_THAT(
    failure(
      [&] {
        ctx.range(0, 10, 1, 2).map([](long x) { return x == 7 ? throw std::runtime_error{"seven"} : x; }).count();
      },
      errc::user_exception),
    AllOf(HasSubstr("seven"), HasSubstr("cluster_jobs_test.cpp")));
  EXPECT_EQ(ctx.range(0, 10).count(), 10u);
}

TEST_F(ClusterJobs, SayHowAWorkerEndedAndOnWhichNode) {
  EXPECT_THAT(failure(
                [&] {
                  ctx.range(0, 8, 1, 4)
                    .map([](long x) {
                      if (x == 5) {
                        std::fputs("about to crash\n", stderr);
                        std::raise(SIGKILL);
                      }
                      return x;
                    })
                    .count();
                },
                errc::unreachable),
              AllOf(HasSubstr("node "), HasSubstr("SIGKILL"), HasSubstr("about to crash")));
  EXPECT_EQ(ctx.range(0, 8, 1, 4).sum(), 28);
}

TEST_F(ClusterJobs, LeaveNothingBehind) {
  const auto count = [] {
    const std::filesystem::directory_iterator list{mars->nodes.work() + "/drivers"};
    return std::distance(begin(list), end(list));
  };
  std::vector<watched_process> workers;
  {
    context own{mars->nodes.settings(3)};
    EXPECT_EQ(count(), 6);
    for (const auto pid : processes_of(own))
      workers.emplace_back(static_cast<pid_t>(pid));
  }
  for (const auto& each : workers)
    EXPECT_TRUE(each.ends());
  EXPECT_THAT(processes_of(ctx), SizeIs(3));
}

TEST(Cluster, UsesANodeThatJoinsLater) {
  const with_profile name;
  cluster mars;
  mars.add_node("a");
  context ctx{mars.settings(1)};
  EXPECT_THAT(processes_of(ctx), SizeIs(1));
  mars.add_node("b", 2);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (processes_of(ctx).size() == 1 && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_THAT(processes_of(ctx), SizeIs(2));
  EXPECT_EQ(ctx.range(0, 100, 1, 4).map([](long x) { return std::pair(x % 3, x); }).reduce_by_key(std::plus{}).count(),
            3u);
}

TEST(Cluster, GoesOnWithoutANodeThatIsKilled) {
  const with_profile name;
  cluster mars;
  mars.add_node("a");
  child_program b{
    CREMA_COMMAND,
    {"crema", "node", "--profile", "mars", "--name", "b", "--cpu-slots", "1", "--work-dir", mars.path("work_of_b")}};
  context ctx{mars.settings(2)};
  const auto of_b = ctx.range(0, 4, 1, 4)
                      .filter([](long) { return is_on("work_of_b"); })
                      .map([](long) { return long{::getpid()}; })
                      .first();
  const watched_process worker{static_cast<pid_t>(of_b)};
  auto job = ctx.range(0, 4, 1, 4).map([](long x) { return is_on("work_of_b") ? ::pause() : x; }).count_async();
  b.signal(SIGKILL);
  EXPECT_EQ(job.get(), 4U);
  EXPECT_EQ(job.metrics().attempts, 2);
  EXPECT_TRUE(worker.ends());
  EXPECT_EQ(ctx.range(0, 8, 1, 4).sum(), 28);
}

TEST(Cluster, KeepsNoWorkerOfADriverThatWasKilled) {
  const with_profile name;
  cluster mars;
  mars.add_node("a");
  mars.add_node("b");
  child_program driver{CLUSTER_PROGRAM, {"driver", "--crema-master=" + mars.settings(1).master, "--crema-nodes=2"}};
  std::istringstream said{driver.until(" all\n")};
  said.ignore(100, ':');
  std::vector<watched_process> workers;
  for (pid_t pid = 0; said >> pid;)
    workers.emplace_back(pid);
  ASSERT_THAT(workers, SizeIs(2));
  driver.signal(SIGKILL);
  for (const auto& each : workers)
    EXPECT_TRUE(each.ends_within(std::chrono::seconds{10}));
}

TEST(Cluster, PassesOnWhatWorkersPrintAsItComes) {
  const with_profile name;
  cluster mars;
  mars.add_node("a");
  mars.add_node("b");
  child_program driver{CLUSTER_PROGRAM, {"driver", "--crema-master=" + mars.settings(1).master, "--crema-nodes=2"}};
  // It waits for ever, so what they print does not come with their ends.
  driver.until("on node a: a task waits\n");
  driver.until("on node b: a task waits\n");
}

TEST(Cluster, SeesADriverLeaveInGoodOrder) {
  const with_profile name;
  cluster mars;
  std::mutex mutex;
  std::string logged;
  mars.add_node("a", 1, [&](const std::string& line) {
    const std::lock_guard lock{mutex};
    logged += line + '\n';
  });
  {
    context ctx{mars.settings(1)};
    EXPECT_THAT(processes_of(ctx), SizeIs(1));
  }
  const std::lock_guard lock{mutex};
  EXPECT_THAT(logged, MatchesRegex("driver [^\n]*: worker 0 has started\ndriver [^\n]*: it has left\n"));
}

TEST(Cluster, RefusesDriversWithoutItsKeys) {
  cluster mars;
  mars.add_node("a");
  EXPECT_THAT(failure([&] { context{mars.settings(1)}; }, errc::not_found), HasSubstr("no profile \"default\""));
  net::profile::create("default", {{"127.0.0.1", 1}});
  EXPECT_THAT(failure([&] { context{mars.settings(1)}; }, errc::untrusted), HasSubstr("authority"));
}

TEST(Cluster, SaysWhyNoNodeRunsTheProgram) {
  const with_profile name;
  cluster mars;
  auto settings = mars.settings(1);
  settings.master = "profile:mars";
  net::node_options options{.name = "small", .work_directory = mars.work(), .max_executables = 1000};
  net::io_loop loop;
  const net::node small{loop, net::profile::open("mars"), options, {}};
  EXPECT_THAT(failure([&] { context{settings}; }, errc::unreachable),
              AllOf(HasSubstr("node small at 127.0.0.1:"), HasSubstr("max_executables")));
}

} // namespace crema
