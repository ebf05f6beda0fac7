#include "dataflow/operations.hpp"
#include "tests/harness/testing.hpp"
#include "tests/harness/testing_engine.hpp"
#include "tests/net/simulation/sim_cluster.hpp"
#include "tests/net/simulation/sim_troubles.hpp"
#include "tests/net/simulation/sim_word_count.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// One fault at a time, each at whatever step of a job on three simulated nodes.

namespace {

using namespace crema::testing;
using namespace std::chrono_literals;
using crema::context;
using crema::errc;
using crema::error;
using ::testing::AnyOf;
using ::testing::IsEmpty;

constexpr std::uint64_t steps_of_a_count = 500; ///< about

/// Something that `strikes` before some step of a word count.
template <class Strikes, class Check>
void at_whatever_step(std::uint64_t runs, Strikes strikes, Check check) {
  explore({.runs = runs}, [&](simulation& sim) {
    check(count_words(sim, [&](sim_cluster& cluster) {
      sim.before_step(sim.steps() + sim.draws().below(steps_of_a_count), "it strikes", [&] { strikes(sim, cluster); });
    }));
  });
}

std::uint32_t any_machine(simulation& sim) {
  return static_cast<std::uint32_t>(1 + sim.draws().below(3));
}

std::vector<std::int64_t> squares_below(std::int64_t n) {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i != n; ++i)
    all.push_back(i * i);
  return all;
}

void part_both_ways(sim_cluster& cluster, std::uint32_t one, std::uint32_t other, std::chrono::nanoseconds time) {
  cluster.part(one, other, time);
  cluster.part(other, one, time);
}

// -- machines ---------------------------------------------------------------------------------------------------------

TEST(SimFaults, AKilledWorkerCostsOneMoreAttempt) {
  int repeated = 0;
  at_whatever_step(
    30, [](simulation& sim, sim_cluster& cluster) { cluster.kill(any_machine(sim), 1s); },
    [&](const word_count_ending& end) {
      EXPECT_TRUE(end.finished);
      EXPECT_LE(end.attempts, 2);
      EXPECT_LT(end.took, 5s); // it is seen at once
      repeated += end.attempts == 2;
    });
  EXPECT_GT(repeated, 0);
}

// [quote example]
/// Without a shuffle nothing is computed again that was done.
TEST(SimFaults, OnlyWhatWasNotDoneIsComputedAgain) {
  int repeated = 0;
  explore({.runs = 30}, [&](simulation& sim) {
    sim.set_time_per_look(300us); // or else a task ends within one step
    sim_cluster cluster{sim};
    const auto machine = any_machine(sim);
    sim.before_step(sim.draws().below(600), "a worker is killed", [&] { cluster.kill(machine, 1s); });
    {
      context ctx{simulated_config(), cluster.engine()};
      auto running = ctx.range(0, 60, 1, 12).map([](std::int64_t x) { return x * x; }).collect_async();
      EXPECT_EQ(cluster.finish(running), squares_below(60));
      EXPECT_EQ(running.metrics().recomputed_tasks, 0);
      EXPECT_LE(running.metrics().attempts, 2);
      repeated += running.metrics().attempts == 2;
    }
    EXPECT_EQ(cluster.wind_up(), "");
  });
  EXPECT_GT(repeated, 0);
}
// [end]

TEST(SimFaults, AMachineThatIsGoneWithoutAWordIsMissed) {
  at_whatever_step(
    30, [](simulation& sim, sim_cluster& cluster) { cluster.cut_power(any_machine(sim), 20s); },
    [](const word_count_ending& end) {
      EXPECT_TRUE(end.finished);
      EXPECT_LE(end.attempts, 2);
      EXPECT_LT(end.took, 12s); // after five of them it is taken for dead
    });
}

TEST(SimFaults, AWorkerThatComesToTheSameMachineIsAnotherOne) {
  std::uint64_t replayed = 0;
  at_whatever_step(
    30,
    [](simulation& sim, sim_cluster& cluster) {
      const auto machine = any_machine(sim);
      cluster.kill(machine, 50ms);
      for (int i = 1; i != 10; ++i)
        cluster.later(i * 20ms, [&cluster, machine] {
          for (std::uint32_t other = 0; other <= cluster.workers(); ++other)
            if (other != machine) {
              cluster.replay_old(machine, other);
              cluster.replay_old(other, machine);
            }
        });
    },
    [&](const word_count_ending& end) {
      EXPECT_TRUE(end.finished);
      EXPECT_LE(end.attempts, 2);
      replayed += end.replayed;
    });
  EXPECT_GT(replayed, 0U);
}

TEST(SimFaults, AMachineThatStopsForLessThanTheLimitIsNotMissed) {
  at_whatever_step(
    30, [](simulation& sim, sim_cluster& cluster) { cluster.pause(any_machine(sim), 4s); },
    [](const word_count_ending& end) {
      EXPECT_THAT(end.losses, IsEmpty());
      EXPECT_EQ(end.attempts, 1);
    });
}

TEST(SimFaults, AMachineThatWakesUpTooLateIsFenced) {
  at_whatever_step(
    30, [](simulation& sim, sim_cluster& cluster) { cluster.pause(any_machine(sim), 30s); },
    [](const word_count_ending& end) {
      EXPECT_TRUE(end.finished);
      EXPECT_LT(end.took, 12s);
    });
}

/// No copies of tasks are started elsewhere: a job takes as long as its slowest worker.
TEST(SimFaults, AStragglerOnlyTakesItsTime) {
  explore({.runs = 30}, [](simulation& sim) {
    const auto end = count_words(sim, [&](sim_cluster& cluster) {
      const auto slow = any_machine(sim);
      for (std::uint32_t other = 0; other <= cluster.workers(); ++other) {
        cluster.network().slow_down(slow, other, {200ms, 100ms});
        cluster.network().slow_down(other, slow, {200ms, 100ms});
      }
      for (int i = 0; i != 10; ++i)
        cluster.later(i * 1s, [&cluster, slow] { cluster.pause(slow, 900ms); });
    });
    EXPECT_THAT(end.losses, IsEmpty());
    EXPECT_EQ(end.attempts, 1);
  });
}

// -- the network ------------------------------------------------------------------------------------------------------

TEST(SimFaults, AShortPartitionIsWaitedFor) {
  at_whatever_step(
    30,
    [](simulation& sim, sim_cluster& cluster) {
      const auto machine = any_machine(sim);
      for (std::uint32_t other = 0; other <= cluster.workers(); ++other)
        if (other != machine)
          part_both_ways(cluster, machine, other, 2s);
    },
    [](const word_count_ending& end) {
      EXPECT_THAT(end.losses, IsEmpty());
      EXPECT_EQ(end.attempts, 1);
    });
}

TEST(SimFaults, ALongPartitionIsALoss) {
  at_whatever_step(
    30,
    [](simulation& sim, sim_cluster& cluster) {
      const auto machine = any_machine(sim);
      for (std::uint32_t other = 0; other <= cluster.workers(); ++other)
        if (other != machine)
          part_both_ways(cluster, machine, other, 30s);
    },
    [](const word_count_ending& end) {
      EXPECT_TRUE(end.finished);
      EXPECT_LT(end.took, 20s); // while it lasts
    });
}

TEST(SimFaults, WhoHearsButCannotSpeakIsLostAndWhoSpeaksButCannotHearToo) {
  at_whatever_step(
    30,
    [](simulation& sim, sim_cluster& cluster) {
      const auto machine = any_machine(sim);
      const bool hears = sim.draws().one_in(2);
      for (std::uint32_t other = 0; other <= cluster.workers(); ++other)
        if (other != machine)
          hears ? cluster.part(machine, other, 30s) : cluster.part(other, machine, 30s);
    },
    [](const word_count_ending& end) {
      EXPECT_TRUE(end.finished);
      EXPECT_LT(end.took, 20s); // while it lasts
    });
}

TEST(SimFaults, TwoWorkersThatDoNotReachEachOtherCostOneOfThem) {
  at_whatever_step(
    30,
    [](simulation& sim, sim_cluster& cluster) {
      const auto machine = any_machine(sim);
      part_both_ways(cluster, machine, machine % 3 + 1, 60s);
    },
    [](const word_count_ending& end) {
      EXPECT_TRUE(end.finished);
      EXPECT_LE(end.attempts, 3);
      EXPECT_LT(end.took, 20s); // while it lasts
    });
}

TEST(SimFaults, AFlappingConnectionCausesNoStormOfAttempts) {
  at_whatever_step(
    30,
    [](simulation& sim, sim_cluster& cluster) {
      const auto machine = any_machine(sim);
      for (int i = 0; i != 30; ++i)
        cluster.later(i * 300ms, [&cluster, machine] { part_both_ways(cluster, machine, 0, 100ms); });
    },
    [](const word_count_ending& end) {
      EXPECT_THAT(end.losses, IsEmpty());
      EXPECT_EQ(end.attempts, 1);
    });
}

TEST(SimFaults, ConnectionsMayBreakOffAndComeBackInAnyOrder) {
  static constexpr std::array swizzles{trouble::swizzle};
  explore({.runs = 30}, [](simulation& sim) {
    count_words(sim, [&](sim_cluster& cluster) { arrange(sim, cluster, swizzles, 2, steps_of_a_count); });
  });
}

TEST(SimFaults, ABrokenConnectionBetweenWorkersIsALoss) {
  at_whatever_step(
    30,
    [](simulation& sim, sim_cluster& cluster) {
      const auto machine = any_machine(sim);
      cluster.cut(machine, machine % 3 + 1);
    },
    [](const word_count_ending& end) {
      EXPECT_TRUE(end.finished);
      EXPECT_LE(end.attempts, 2);
      EXPECT_LT(end.took, 12s);
    });
}

TEST(SimFaults, OldMessagesFindNobody) {
  static constexpr std::array kinds{trouble::kill, trouble::cut};
  std::uint64_t replayed = 0;
  explore({.runs = 30}, [&](simulation& sim) {
    const auto end = count_words(sim, [&](sim_cluster& cluster) {
      arrange(sim, cluster, kinds, 2, steps_of_a_count);
      for (std::uint64_t i = 0; i != 60; ++i)
        sim.before_step(sim.steps() + 200 + 15 * i, "old messages come late", [&cluster, &sim] {
          const auto from = any_machine(sim);
          cluster.replay_old(from, static_cast<std::uint32_t>(from + 1 + sim.draws().below(3)) % 4);
        });
    });
    replayed += end.replayed;
  });
  EXPECT_GT(replayed, 0U);
}

TEST(SimFaults, MessagesOfDifferentSendersComeInAnyOrder) {
  explore({.runs = 30}, [](simulation& sim) {
    const auto end = count_words(sim, [&](sim_cluster& cluster) { cluster.slow_down({1ms, 200ms}); });
    EXPECT_THAT(end.losses, IsEmpty());
    EXPECT_EQ(end.attempts, 1);
  });
}

// -- disks and clocks -------------------------------------------------------------------------------------------------

/// A sum of records that workers keep on their disks; the failure, where there is one.
void sum_from_disk(simulation& sim, const std::function<bool(const error&)>& expected) {
  sim_cluster cluster{sim};
  {
    context ctx{simulated_config(), cluster.engine()};
    auto kept = ctx.range(0, 1000, 1, 3).persist(crema::storage::disk);
    auto sum = kept.union_with(kept).sum_async();
    try {
      EXPECT_EQ(cluster.finish(sum, 10min), 2 * 499'500); // of which each write may take its time
    } catch (const error& e) {
      EXPECT_TRUE(expected(e)) << e.what();
    }
    EXPECT_THAT(cluster.losses(), IsEmpty());
  }
  EXPECT_EQ(cluster.wind_up(), "");
}

TEST(SimFaults, ASlowDiskIsNoDeadWorker) {
  for (const auto time : {100ms, 30000ms})
    explore({.runs = 20}, [time](simulation& sim) {
      sim.slow_down("spill.write", time);
      sim.slow_down("spill.read", time);
      sum_from_disk(sim, [](const error&) { return false; });
    });
}

TEST(SimFaults, ABrokenDiskIsNamed) {
  static constexpr const char* points[] = {"spill.write", "spill.file", "spill.directory", "spill.read"};
  int failed = 0;
  explore({.runs = 30}, [&](simulation& sim) {
    auto& draw = sim.draws();
    sim.fail_at(draw.one_of(points), 1 + draw.below(6), draw.one_in(2) ? ENOSPC : EIO, draw.one_in(2));
    sum_from_disk(sim, [&](const error& e) {
      ++failed;
      return e.code() == errc::disk_full || e.code() == errc::io_failure;
    });
  });
  EXPECT_GT(failed, 0);
}

TEST(SimFaults, ClocksMayJumpAndGoWrong) {
  static constexpr std::array clocks{trouble::jump, trouble::drift};
  explore({.runs = 30}, [](simulation& sim) {
    const auto end =
      count_words(sim, [&](sim_cluster& cluster) { arrange(sim, cluster, clocks, 4, steps_of_a_count); });
    EXPECT_THAT(end.losses, IsEmpty());
    EXPECT_EQ(end.attempts, 1);
  });
}

} // namespace
