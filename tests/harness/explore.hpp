#pragma once

#include "dataflow/source_location.hpp"
#include "tests/harness/schedule.hpp"
#include "tests/harness/simulation.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace crema::testing {

/// How to look for failures.
struct exploration {
  std::uint64_t runs = 100;
  std::uint64_t first_seed = 1;
  schedule_maker order = any_order;
  std::uint64_t most_steps = 100'000;   ///< of one run()
  std::uint64_t most_shrink_runs = 500; ///< spent on a smaller failure
};

struct found_failure {
  std::uint64_t seed = 0; ///< 0: of no seed, but of an order
  std::string message;    ///< what the smallest failing run says
  std::string file;
  int line = 0;
  std::vector<std::string> faults; ///< in the smallest run
  std::uint64_t steps = 0;         ///< of the smallest run
  std::string replay;              ///< for --crema_replay
  std::string report;              ///< all of this, with the trace and the commands that repeat it
};

struct exploration_summary {
  std::uint64_t runs = 0;
  std::uint64_t steps = 0;
  std::uint64_t courses = 0; ///< that differ
  bool complete = false;     ///< all orders up to the depth have been seen
  std::optional<found_failure> failure{};
};

/// Runs a test with many seeds, each in a simulation of its own with another order, and with other draws, until one
/// fails. That one is made smaller and reported: its faults, its trace, and the command that repeats it.
///
///     TEST(Bank, KeepsItsMoney) {
///       explore({.runs = 1000}, [](simulation& sim) {
///         …
///         sim.run();
///         EXPECT_EQ(total(sim), 100);
///       });
///     }
///
/// The test must depend on nothing but its simulation; if it does, the report says where two runs of one seed part.
exploration_summary explore(const exploration& how, const std::function<void(simulation&)>& test);

/// The same for whatever depends on draws only.
exploration_summary explore_draws(const exploration& how, const std::function<void(choices&)>& test);

/// Runs a test in every order that differs in the first `depth` choices, or in so many of them as `most_runs` allow;
/// with the simplest of all draws. For small systems.
exploration_summary explore_all(int depth, const std::function<void(simulation&)>& test,
                                std::uint64_t most_runs = 100'000);

/// As explore, but fails no test: for tests that plant a mistake, and want it found.
exploration_summary find_failure(const exploration& how, const std::function<void(simulation&)>& test);
exploration_summary find_failure_in_all(int depth, const std::function<void(simulation&)>& test,
                                        std::uint64_t most_runs = 100'000);

} // namespace crema::testing
