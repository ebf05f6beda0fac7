#include "dataflow/operations.hpp"
#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/harness/testing.hpp"
#include "tests/harness/testing_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// crema's own engine in a simulation: the jobs of users, in every order of turns, while things go wrong.

namespace {

using namespace crema::testing;
using crema::context;
using crema::errc;
using crema::error;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

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

auto count_words(const context& ctx, const std::vector<std::string>& words, int partitions) {
  return ctx.parallelize(words, partitions)
    .map([](const std::string& word) {
      return std::pair{word, std::int64_t{1}};
    })
    .reduce_by_key(std::plus<>{}, partitions);
}

/// What a job gave, or how it failed.
template <class R>
struct ending {
  std::optional<R> result;
  std::optional<error> failure;
};

template <class R>
ending<R> end_of(simulation& sim, crema::job<R>& running) {
  try {
    return {finish(sim, running), {}};
  } catch (const error& e) {
    return {{}, e};
  }
}

/// A word count on three hosts; `interfere` may arrange for trouble once it has started. Whatever happens, the result
/// is right or the failure has this code and text, and nothing is left.
void word_count(simulation& sim,
                const std::function<void(crema::job<std::vector<std::pair<std::string, long>>>&)>& interfere,
                const std::function<bool(const error&)>& expected) {
  auto& draw = sim.draws();
  sim.set_time_per_look(std::chrono::microseconds{draw.one_of(std::vector{0, 300, 5000})});
  const auto words = any_words(draw);
  context ctx{simulated_config(), simulated_engine(sim, draw.number(1, 3), pace::by_steps, 3)};
  {
    auto running = count_words(ctx, words, 3).collect_async();
    interfere(running);
    const auto end = end_of(sim, running);
    sim.run(); // what is arranged for later steps needs the job
    if (end.result) {
      EXPECT_EQ(word_counts(end.result->begin(), end.result->end()), count_plainly(words));
    } else {
      EXPECT_TRUE(expected(*end.failure)) << end.failure->what();
    }
  }
  EXPECT_THAT(sim.living(), IsEmpty()) << sim.who_waits();
  EXPECT_EQ(ctx.memory_used(), 0u);
}

bool never(const error&) {
  return false;
}

/// Kills the nth of the actors of this name that live then.
void kill_one(simulation& sim, const char* name, std::uint64_t nth) {
  if (const auto living = sim.living(name); !living.empty())
    sim.kill(living[nth % living.size()]);
}

std::vector<std::string> names(const std::string& directory) {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator{directory})
    all.push_back(entry.path().filename());
  std::ranges::sort(all);
  return all;
}

bool died(const error& e) {
  return e.code() == errc::internal && e.text().find("died: ") != std::string::npos;
}

// [quote example]
TEST(EngineSimulation, ReadsBackWhatItKeepsOrSaysWhyNot) {
  explore({.runs = 50}, [](simulation& sim) {
    crema::context ctx{simulated_config(), simulated_engine(sim, 2)};
    sim.fail_at("spill.write", 1 + sim.draws().below(4), ENOSPC, true); // a full disk, from some moment on
    auto kept = ctx.range(0, 100, 1, 3).persist(crema::storage::disk);
    auto sum = kept.union_with(kept).sum_async();
    try {
      EXPECT_EQ(finish(sim, sum), 2 * 4950);
    } catch (const crema::error& e) {
      EXPECT_EQ(e.code(), crema::errc::disk_full);
    }
  });
}
// [end]

TEST(EngineSimulation, CountsWordsInEveryOrderOfTurns) {
  const auto seen = explore({.runs = 300}, [](simulation& sim) {
    word_count(
      sim, [](auto&) {}, never);
  });
  EXPECT_GT(seen.courses, seen.runs / 2);
}

TEST(EngineSimulation, EndsWithAClearErrorAtWhateverStepAPartitionDies) {
  int failed = 0;
  explore({.runs = 300}, [&](simulation& sim) {
    word_count(
      sim,
      [&](auto&) {
        const auto nth = sim.draws().below(6);
        sim.before_step(sim.draws().below(60), "a partition dies",
                        [&sim, nth] { kill_one(sim, "crema.partition", nth); });
      },
      [&](const error& e) {
        ++failed;
        return died(e);
      });
  });
  EXPECT_GT(failed, 0);
}

TEST(EngineSimulation, EndsWithAClearErrorAtWhateverStepAStageDiesBeforeItsPartitions) {
  int failed = 0;
  explore({.runs = 300}, [&](simulation& sim) {
    word_count(
      sim,
      [&](auto&) {
        const auto nth = sim.draws().below(6);
        sim.before_step(sim.draws().below(60), "a stage dies", [&sim, nth] { kill_one(sim, "crema.stage", nth); });
      },
      [&](const error& e) {
        ++failed;
        return died(e);
      });
  });
  EXPECT_GT(failed, 0);
}

TEST(EngineSimulation, EndsACancelledJobAtWhateverStep) {
  explore({.runs = 300}, [](simulation& sim) {
    word_count(
      sim, [&](auto& job) { sim.before_step(sim.draws().below(60), "cancelled", [&job] { job.cancel(); }); },
      [](const error& e) { return e.code() == errc::cancelled; });
  });
}

TEST(EngineSimulation, CountsWordsThoughTheClockJumps) {
  explore({.runs = 100}, [](simulation& sim) {
    word_count(
      sim, [&](auto&) { sim.before_step(sim.draws().below(60), "the clock jumps", [&sim] { sim.advance(1h); }); },
      never);
  });
}

TEST(EngineSimulation, ReadsBackWhatASlowDiskKeeps) {
  explore({.runs = 50}, [](simulation& sim) {
    sim.slow_down("spill.write", 100ms);
    sim.slow_down("spill.read", 100ms);
    context ctx{simulated_config(), simulated_engine(sim, 2)};
    auto kept = ctx.range(0, 1000, 1, 3).persist(crema::storage::disk);
    auto doubled = kept.union_with(kept).sum_async();
    EXPECT_EQ(finish(sim, doubled), 2 * 499'500);
    EXPECT_GE(sim.now(), 600ms); // three partitions, written and read
  });
}

TEST(EngineSimulation, PublishesAllOfATextOrNothing) {
  static constexpr const char* points[] = {"text.open", "text.read", "output.file", "output.write"};
  const held_resources before;
  int published = 0;
  explore({.runs = 300}, [&](simulation& sim) {
    auto& draw = sim.draws();
    temporary_directory dir;
    const auto in = dir.file("in", "a\nb\nc\nd\ne\nf\n");
    context ctx{simulated_config(), simulated_engine(sim, draw.number(1, 3))};
    auto running = ctx.text_file(in, 3).save_as_text_file_async(dir / "out");
    const auto nth = draw.below(6);
    if (draw.one_in(2))
      sim.before_step(draw.below(40), "a partition dies", [&sim, nth] { kill_one(sim, "crema.partition", nth); });
    else
      sim.fail_at(draw.one_of(points), 1 + nth, draw.one_in(2) ? ENOSPC : EIO);
    try {
      finish(sim, running);
      EXPECT_THAT(names(dir / "out"), ElementsAre("_SUCCESS", "part-00000", "part-00001", "part-00002"));
      std::string written;
      for (const char* part : {"out/part-00000", "out/part-00001", "out/part-00002"})
        written += temporary_directory::content(dir / part);
      EXPECT_EQ(written, temporary_directory::content(in));
      ++published;
    } catch (const error& e) {
      EXPECT_TRUE(died(e) || e.code() == errc::disk_full || e.code() == errc::io_failure) << e.what();
      EXPECT_THAT(names(dir.path()), ElementsAre("in")) << e.what();
    }
    sim.run();
    EXPECT_THAT(sim.living(), IsEmpty()) << sim.who_waits();
  });
  EXPECT_GT(published, 0);
  EXPECT_EQ(held_resources{}, before);
}

TEST(EngineSimulation, SaysWhatIsWrongWithTheDiskAndGivesItsFilesBack) {
  static constexpr const char* points[] = {"spill.write", "spill.file", "spill.directory", "spill.read"};
  const held_resources before;
  explore({.runs = 300}, [](simulation& sim) {
    auto& draw = sim.draws();
    const auto* point = draw.one_of(points);
    const auto nth = 1 + draw.below(6);
    const bool full = draw.one_in(2);
    sim.fail_at(point, nth, full ? ENOSPC : draw.one_in(2) ? EINTR : EIO, full);
    context ctx{simulated_config(), simulated_engine(sim, draw.number(1, 3))};
    {
      auto kept = ctx.range(0, 1000, 1, 3).persist(crema::storage::disk);
      auto doubled = kept.union_with(kept).sum_async();
      const auto end = end_of(sim, doubled);
      if (end.result) {
        EXPECT_EQ(*end.result, 2 * 499'500);
      } else {
        EXPECT_THAT(end.failure->code(), AnyOf(errc::disk_full, errc::io_failure)) << end.failure->what();
      }
    }
    sim.run();
    EXPECT_THAT(sim.living(), IsEmpty()) << sim.who_waits();
  });
  EXPECT_EQ(held_resources{}, before);
}

/// Memory is out at every one of an actor's allocations in turn, once: the result is right or the failure says so.
void fail_each_allocation(const char* actors) {
  int failed = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    SCOPED_TRACE(std::string{actors} + ": allocation " + std::to_string(nth) + " fails");
    simulation sim;
    context ctx{simulated_config(), simulated_engine(sim, 2)};
    const std::vector<std::string> words{"b", "a", "b", "a longer one that is not kept in the object itself"};
    sim.fail_allocation(nth, actors);
    std::uint64_t allocations = 0;
    {
      auto running = count_words(ctx, words, 2).collect_async();
      const auto end = end_of(sim, running);
      sim.run();
      allocations = sim.allocations();
      if (end.result) {
        EXPECT_EQ(word_counts(end.result->begin(), end.result->end()), count_plainly(words));
      } else {
        EXPECT_TRUE(end.failure->code() == errc::out_of_memory || died(*end.failure)) << end.failure->what();
        ++failed;
      }
    }
    EXPECT_THAT(sim.living(), IsEmpty()) << sim.who_waits();
    EXPECT_EQ(ctx.memory_used(), 0u);
    if (testing::Test::HasFailure() || allocations < nth)
      break;
  }
  EXPECT_GT(failed, 0);
}

TEST(EngineSimulation, OutlivesAPartitionForWhichMemoryIsOut) {
  fail_each_allocation("crema.partition");
}

TEST(EngineSimulation, OutlivesAStageForWhichMemoryIsOut) {
  fail_each_allocation("crema.stage");
}

TEST(EngineSimulation, OutlivesADriverForWhichMemoryIsOut) {
  fail_each_allocation("crema.driver");
}

/// As many seeds as a commit can afford, each with one fault of any kind or none.
TEST(EngineSimulation, CountsWordsWhileAnythingGoesWrong) {
  const held_resources before;
  explore({.runs = 1000}, [](simulation& sim) {
    word_count(
      sim,
      [&](auto& job) {
        auto& draw = sim.draws();
        const auto step = draw.below(60);
        const auto nth = draw.below(6);
        switch (draw.below(3)) {
        case 1:
          return sim.before_step(step, "a partition dies", [&sim, nth] { kill_one(sim, "crema.partition", nth); });
        case 2:
          return sim.before_step(step, "cancelled", [&job] { job.cancel(); });
        default:
          return;
        }
      },
      [](const error& e) { return died(e) || e.code() == errc::cancelled; });
  });
  EXPECT_EQ(held_resources{}, before);
}

} // namespace
