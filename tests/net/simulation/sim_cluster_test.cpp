#include "tests/net/simulation/sim_cluster.hpp"

#include "tests/harness/give_back.hpp"
#include "tests/harness/testing.hpp"
#include "tests/net/simulation/sim_troubles.hpp"
#include "tests/net/simulation/sim_word_count.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

// A word count by crema's own drivers, workers and links on three simulated nodes, while anything goes wrong.

namespace {

using namespace crema::testing;
using ::testing::IsEmpty;

constexpr std::array all_troubles{trouble::kill,  trouble::power,        trouble::pause,   trouble::pause_driver,
                                  trouble::part,  trouble::part_one_way, trouble::isolate, trouble::swizzle,
                                  trouble::flap,  trouble::cut,          trouble::slow,    trouble::jump,
                                  trouble::drift, trouble::replay};

constexpr std::uint64_t steps_of_a_count = 500; ///< about

TEST(SimCluster, CountsWordsInEveryOrderOfTurns) {
  const auto seen = explore({.runs = 30}, [](simulation& sim) {
    const auto end = count_words(sim, [](auto&) {});
    EXPECT_THAT(end.losses, IsEmpty());
    EXPECT_EQ(end.attempts, 1);
  });
  EXPECT_GT(seen.courses, seen.runs / 2);
}

/// As many seeds as a commit can afford; more with --crema_runs.
TEST(SimCluster, CountsWordsWhileAnythingGoesWrong) {
  const held_resources before;
  int finished = 0;
  int repeated = 0;
  explore({.runs = 60}, [&](simulation& sim) {
    const auto end =
      count_words(sim, [&](sim_cluster& cluster) { arrange(sim, cluster, all_troubles, 4, steps_of_a_count); });
    finished += end.finished;
    repeated += end.attempts > 1;
  });
  EXPECT_GT(finished, 0);
  EXPECT_GT(repeated, 0);
  EXPECT_EQ(held_resources{}, before);
}

TEST(SimCluster, TakesTheSameCourseFromTheSameSeed) {
  const auto hash_of = [](std::uint64_t seed) {
    simulation sim{{any_order(seed), {}, 1'000'000, false, choices{seed}}};
    count_words(sim, [&](sim_cluster& cluster) { arrange(sim, cluster, all_troubles, 4, steps_of_a_count); });
    return sim.trace().hash();
  };
  for (std::uint64_t seed = 1; seed != 11; ++seed)
    EXPECT_EQ(hash_of(seed), hash_of(seed)) << "seed " << seed;
  EXPECT_NE(hash_of(1), hash_of(2));
}

} // namespace
