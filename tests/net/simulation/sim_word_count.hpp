#pragma once

#include "tests/net/simulation/sim_cluster.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace crema::testing {

/// How a word count has ended.
struct word_count_ending {
  bool finished = false;
  int attempts = 0;
  int recomputed = 0;                ///< tasks
  std::vector<std::string> losses{}; ///< of workers
  std::chrono::nanoseconds took{0};
  std::uint64_t replayed = 0; ///< old messages
};

/// Counts up to 40 drawn words on a cluster of three nodes, for which `interfere` may arrange trouble once the job has
/// begun. Whatever happens, the result is right, or many workers were lost and the failure says so; it comes soon after
/// the last fault has ended; and nothing is left. The test fails if not.
word_count_ending count_words(simulation& sim, const std::function<void(sim_cluster&)>& interfere);

} // namespace crema::testing
