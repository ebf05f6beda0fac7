#include "actors/placement.hpp"
#include "dataflow/operations.hpp"
#include "tests/actors/mortal_hosts.hpp"
#include "tests/actors/random_plan.hpp"
#include "tests/actors/simulated_job.hpp"
#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/harness/testing_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

// Hosts are lost at whatever step: the result is the same, or the job says clearly why there is none.

namespace {

using namespace crema::testing;
using namespace std::chrono_literals;
using crema::context;
using crema::errc;
using crema::error;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

int one_to_three(choices& draw) {
  return draw.number(1, 3);
}

/// Up to `most` losses at random steps, and perhaps as many hosts that come.
void lose_some(simulation& sim, const std::shared_ptr<mortal_hosts>& hosts, int most, std::uint64_t within) {
  auto& draw = sim.draws();
  const bool replaced = draw.one_in(2);
  for (int losses = draw.number(1, most); losses != 0; --losses) {
    const auto nth = draw.below(8);
    sim.before_step(draw.below(within), "a host is lost", [hosts, nth, replaced] {
      hosts->kill(nth);
      if (replaced)
        hosts->add();
    });
  }
}

TEST(HostLoss, ChangesNoResultAtWhateverStepItHappens) {
  int lost = 0;
  int finished = 0;
  explore({.runs = 300}, [&](simulation& sim) {
    auto& draw = sim.draws();
    const auto plan = random_plan(draw);
    const auto hosts =
      std::make_shared<mortal_hosts>(sim, static_cast<std::size_t>(draw.number(2, 4)), one_to_three(draw));
    simulated_job job{sim, fake_job::make(plan), hosts};
    lose_some(sim, hosts, 3, 100);
    sim.run();
    ASSERT_TRUE(job.ended()) << sim.who_waits();
    EXPECT_THAT(job->complaints(), IsEmpty());
    lost += hosts->losses();
    if (job->failure()) {
      EXPECT_EQ(job->failure()->code(), errc::unreachable);
      EXPECT_TRUE(hosts->living() == 0 || hosts->losses() >= 3) << job->failure()->what();
    } else {
      EXPECT_EQ(job->sum(), expected_sum(plan));
      ++finished;
    }
  });
  EXPECT_GT(lost, 0);
  EXPECT_GT(finished, 0);
}

TEST(HostLoss, LeavesNothingOfAJobThatIsCancelledMeanwhile) {
  explore({.runs = 200}, [](simulation& sim) {
    auto& draw = sim.draws();
    const auto hosts = std::make_shared<mortal_hosts>(sim, 3, one_to_three(draw));
    hosts->set_patience(30s);
    simulated_job job{sim, fake_job::make(random_plan(draw)), hosts, draw.one_in(2)};
    lose_some(sim, hosts, 3, 60);
    sim.before_step(draw.below(100), "cancelled", [&] { job.cancel(); });
    sim.run();
    job.cancel();
    sim.run();
    ASSERT_TRUE(job.ended()) << sim.who_waits();
    EXPECT_THAT(job->complaints(), IsEmpty());
  });
}

TEST(HostLoss, LetsAFailureWin) {
  explore({.runs = 200}, [](simulation& sim) {
    auto& draw = sim.draws();
    auto plan = random_plan(draw);
    auto& failing = plan[draw.below(plan.size())];
    failing.fails = place::step;
    failing.failing_task = draw.number(0, std::max(0, failing.tasks - 1));
    const auto hosts = std::make_shared<mortal_hosts>(sim, 3, one_to_three(draw));
    simulated_job job{sim, fake_job::make(plan), hosts};
    lose_some(sim, hosts, 1, 60);
    sim.run();
    ASSERT_TRUE(job.ended()) << sim.who_waits();
    EXPECT_THAT(job->complaints(), IsEmpty());
    if (job->failure())
      EXPECT_EQ(job->failure()->code(), errc::user_exception) << job->failure()->what();
    else
      EXPECT_EQ(job->sum(), expected_sum(plan));
  });
}

TEST(HostLoss, WaitsForAHostWhereOneIsExpected) {
  simulation sim;
  const auto hosts = std::make_shared<mortal_hosts>(sim, 1, 2);
  hosts->set_patience(30s);
  const fake_plan plan{{.tasks = 3, .to = 1}, {.tasks = 2}};
  simulated_job job{sim, fake_job::make(plan), hosts};
  sim.run_steps(10);
  hosts->kill(0);
  sim.run_for(20s);
  ASSERT_FALSE(job.ended());
  hosts->add();
  sim.run_for(1s);
  ASSERT_TRUE(job.ended()) << sim.who_waits();
  EXPECT_EQ(job->sum(), expected_sum(plan));
  EXPECT_EQ(job->run()->metrics().attempts, 2);
}

TEST(HostLoss, EndsAJobForWhichNoHostComes) {
  simulation sim;
  const auto hosts = std::make_shared<mortal_hosts>(sim, 1, 2);
  hosts->set_patience(30s);
  simulated_job job{sim, fake_job::make({{.tasks = 3}}), hosts};
  sim.run_steps(3);
  hosts->kill(0);
  sim.run_for(31s);
  ASSERT_TRUE(job.ended()) << sim.who_waits();
  EXPECT_EQ(job->failure()->code(), errc::unreachable);
  EXPECT_THAT(job->failure()->what(), HasSubstr("no worker is left to run the job: a host of the simulation was lost"));
}

TEST(HostLoss, BlamesTheTaskThatEndsEveryHost) {
  simulation sim;
  const auto hosts = std::make_shared<mortal_hosts>(sim, 3, 1);
  fake_plan plan{{.tasks = 7, .blocks = 2}};
  int ended = 0;
  plan[0].in_step = [&](int task) { ended += task == 4; };
  simulated_job job{sim, fake_job::make(plan), hosts};
  for (int seen = 0; !job.ended();) {
    ASSERT_TRUE(sim.run_one()) << sim.who_waits();
    if (ended == seen)
      continue;
    seen = ended;
    // It is on the host that its partition was dealt to.
    hosts->kill(crema::actors::host_of(4, 3, job->run()->attempt()));
    hosts->add();
  }
  ASSERT_TRUE(job->failure());
  EXPECT_EQ(job->failure()->code(), errc::unreachable);
  EXPECT_THAT(job->failure()->what(), HasSubstr("3 attempts"));
  EXPECT_THAT(job->failure()->what(), HasSubstr(std::to_string(job->run()->metrics().job) + ".0@4 unfinished"));
}

// -- with crema's own operations -------------------------------------------------------------------------------------

using rows = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// Runs `program` on three hosts of which up to two are lost, with steps short enough that much can happen between
/// them; what it gives must be what it gives on no lost host.
template <class Start, class Check>
void with_losses(std::uint64_t runs, Start start, Check check) {
  int repeated = 0;
  explore({.runs = runs}, [&](simulation& sim) {
    auto& draw = sim.draws();
    sim.set_time_per_look(std::chrono::microseconds{draw.one_of(std::vector{0, 300, 5000})});
    const auto hosts = std::make_shared<mortal_hosts>(sim, 3, one_to_three(draw));
    context ctx{simulated_config(), simulated_engine(sim, 3, hosts)};
    {
      auto running = start(ctx);
      lose_some(sim, hosts, 2, 80);
      auto result = finish(sim, running);
      check(ctx, std::move(result), running.metrics());
      sim.run();
      repeated += running.metrics().attempts > 1;
    }
    EXPECT_THAT(sim.living(), IsEmpty()) << sim.who_waits();
  });
  EXPECT_GT(repeated, 0);
}

TEST(HostLoss, KeepsSumsByKeyRight) {
  with_losses(
    150,
    [](const context& ctx) {
      return ctx.range(0, 600, 1, 5)
        .map([](std::int64_t x) {
          return std::pair{x % 7, x};
        })
        .reduce_by_key(std::plus<>{}, 4)
        .collect_async();
    },
    [](const context&, rows found, const crema::job_metrics&) {
      rows expected;
      for (std::int64_t key = 0; key != 7; ++key) {
        std::int64_t sum = 0;
        for (std::int64_t x = key; x < 600; x += 7)
          sum += x;
        expected.emplace_back(key, sum);
      }
      std::ranges::sort(found);
      EXPECT_EQ(found, expected);
    });
}

TEST(HostLoss, KeepsSortedRecordsInOrder) {
  with_losses(
    100,
    [](const context& ctx) {
      return ctx.range(0, 500, 1, 4)
        .map([](std::int64_t x) { return x * 7919 % 500; })
        .sort_by([](std::int64_t x) { return x; }, std::less<>{}, 3)
        .collect_async();
    },
    [](const context&, const std::vector<std::int64_t>& found, const crema::job_metrics&) {
      ASSERT_EQ(found.size(), 500U);
      for (std::int64_t i = 0; i != 500; ++i)
        EXPECT_EQ(found[static_cast<std::size_t>(i)], i);
    });
}

TEST(HostLoss, LosesNoRecordAndDoublesNoneBehindAShuffleOfAShuffle) {
  // The second shuffle deals records out by an order that is another one in every attempt.
  with_losses(
    200,
    [](const context& ctx) {
      return ctx.range(0, 60, 1, 4)
        .map([](std::int64_t x) {
          return std::pair{x, x};
        })
        .reduce_by_key(std::plus<>{}, 3)
        .repartition(4)
        .collect_async();
    },
    [](const context&, rows found, const crema::job_metrics&) {
      std::ranges::sort(found);
      ASSERT_EQ(found.size(), 60U);
      for (std::int64_t i = 0; i != 60; ++i)
        EXPECT_EQ(found[static_cast<std::size_t>(i)], std::pair(i, i));
    });
}

TEST(HostLoss, KeepsSharedAndCachedRecordsRight) {
  with_losses(
    100,
    [](const context& ctx) {
      auto kept = ctx.range(0, 90, 1, 3).map([](std::int64_t x) { return x + 1; }).cache();
      auto shared = kept.map([](std::int64_t x) { return std::pair{x % 5, x}; }).reduce_by_key(std::plus<>{}, 3);
      return shared.union_with(shared).values().union_with(kept).sum_async();
    },
    [](const context&, std::int64_t sum, const crema::job_metrics&) { EXPECT_EQ(sum, 3 * 91 * 45); });
}

TEST(HostLoss, TakesWhatIsAskedFor) {
  with_losses(
    100,
    [](const context& ctx) {
      return ctx.range(0, 100, 1, 12).filter([](std::int64_t x) { return x >= 40; }).take_async(3);
    },
    [](const context&, const std::vector<std::int64_t>& found, const crema::job_metrics&) {
      EXPECT_EQ(found, (std::vector<std::int64_t>{40, 41, 42}));
    });
}

TEST(HostLoss, CountsWhatTasksAddOnce) {
  std::optional<crema::accumulator<std::int64_t>> seen;
  with_losses(
    150,
    [&](const context& ctx) {
      const auto count = ctx.accumulator(std::int64_t{0});
      seen = count;
      return ctx.range(0, 300, 1, 5)
        .map([count](std::int64_t x) {
          count.add(1);
          return std::pair{x % 10, x};
        })
        .reduce_by_key(std::plus<>{}, 4)
        .map([count](const std::pair<std::int64_t, std::int64_t>& of) {
          count.add(1000);
          return of.first;
        })
        .collect_async();
    },
    [&](const context&, const std::vector<std::int64_t>& found, const crema::job_metrics& metrics) {
      EXPECT_EQ(found.size(), 10U);
      EXPECT_EQ(seen->value(), 300 + 10 * 1000);
      EXPECT_EQ(metrics.stages.back().total.rows, 10U) << "of each task once";
    });
}

TEST(HostLoss, PublishesAllOfATextOnce) {
  explore({.runs = 100}, [](simulation& sim) {
    temporary_directory dir;
    const auto hosts = std::make_shared<mortal_hosts>(sim, 3, one_to_three(sim.draws()));
    context ctx{simulated_config(), simulated_engine(sim, 3, hosts)};
    auto running = ctx.range(0, 60, 1, 5).save_as_text_file_async(dir / "out");
    lose_some(sim, hosts, 2, 40);
    finish(sim, running);
    std::string expected;
    std::string written;
    for (int i = 0; i != 60; ++i)
      expected += std::to_string(i) + '\n';
    for (int part = 0; part != 5; ++part)
      written += temporary_directory::content(dir / ("out/part-0000" + std::to_string(part)));
    EXPECT_EQ(written, expected);
    sim.run();
  });
}

} // namespace
