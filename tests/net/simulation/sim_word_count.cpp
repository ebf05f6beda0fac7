#include "tests/net/simulation/sim_word_count.hpp"

#include "dataflow/operations.hpp"
#include "tests/harness/testing_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace crema::testing {

namespace {

using word_counts = std::map<std::string, std::int64_t>;

std::vector<std::string> any_words(choices& draw) {
  return draw.up_to(40, [&] {
    const auto letter = static_cast<char>('a' + draw.below(4));
    return std::string(1 + draw.below(3), letter);
  });
}

word_counts count_plainly(const std::vector<std::string>& words) {
  word_counts counts;
  for (const auto& word : words)
    ++counts[word];
  return counts;
}

} // namespace

word_count_ending count_words(simulation& sim, const std::function<void(sim_cluster&)>& interfere) {
  auto& draw = sim.draws();
  const auto words = any_words(draw);
  const auto expected = count_plainly(words);
  sim.set_time_per_look(std::chrono::microseconds{draw.one_of(std::vector{0, 300, 5000})});
  sim_cluster cluster{sim, {.slots = draw.number(1, 2)}};
  cluster.network().remember_frames();
  word_count_ending end;
  {
    context ctx{simulated_config(), cluster.engine()};
    auto running = ctx.parallelize(words, 4)
                     .map([](const std::string& word) {
                       return std::pair{word, std::int64_t{1}};
                     })
                     .reduce_by_key(std::plus<>{}, 3)
                     .collect_async();
    interfere(cluster);
    const auto begun = sim.now();
    try {
      const auto found = cluster.finish(running);
      end.finished = true;
      EXPECT_EQ(word_counts(found.begin(), found.end()), expected);
      EXPECT_EQ(found.size(), expected.size());
      EXPECT_EQ(running.metrics().stages.back().total.rows, expected.size()) << "of each task once";
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::unreachable) << e.what();
      EXPECT_GE(cluster.losses().size(), 3U) << e.what();
    }
    end.took = sim.now() - begun;
    end.attempts = running.metrics().attempts;
    end.recomputed = running.metrics().recomputed_tasks;
    end.losses = cluster.losses();
    end.replayed = cluster.replayed();
  }
  EXPECT_EQ(cluster.wind_up(), "");
  EXPECT_LE(end.attempts, 4);
  EXPECT_TRUE(end.recomputed == 0 || !end.losses.empty());
  return end;
}

} // namespace crema::testing
