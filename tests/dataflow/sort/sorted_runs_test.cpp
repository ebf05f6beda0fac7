#include "dataflow/sort/sorted_runs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

using record = std::pair<std::uint64_t, std::string>;

struct key_of {
  std::uint64_t operator()(const record& r) const { return r.first; }
};

using runs_of_records = sorted_runs<record, key_of, std::less<>>;

/// What one merger of runs needs around itself.
struct workbench {
  explicit workbench(std::size_t budget) : resources{std::make_shared<worker_resources>(budget)} {}

  std::shared_ptr<worker_resources> resources;
  task_scope task{std::make_shared<const job_scope>(1, resources, std::make_shared<store_registry>()), {1, 0, 0, 0}};
  runs_of_records runs{task, codec_of<record>(), "a test", {}, {}};
};

void add_run(workbench& bench, std::vector<record> sorted) {
  bench.runs.begin();
  for (auto& each : sorted)
    bench.runs.add(std::move(each));
  bench.runs.end();
}

std::vector<record> merged(workbench& bench) {
  while (!bench.runs.ready(100)) {
  }
  std::vector<record> all;
  for (; !bench.runs.done(); bench.runs.advance())
    all.push_back(std::move(bench.runs.top()));
  return all;
}

} // namespace

TEST(SortedRuns, MergeStablyInAsManyPassesAsItTakes) {
  for (const unsigned seed : {1u, 2u, 3u, 4u, 5u, 6u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    workbench bench{std::size_t{64} << 10}; // merges some ten runs at once
    std::vector<record> expected;
    const auto count = seed == 1 ? 1u : 1 + random() % 150;
    for (unsigned r = 0; r != count; ++r) {
      std::vector<record> run(random() % 300);
      for (auto& each : run)
        each.first = random() % 500; // so most keys are equal to others
      std::sort(run.begin(), run.end());
      for (std::size_t i = 0; i != run.size(); ++i)
        run[i].second = std::to_string(r) + " " + std::to_string(i) + std::string(random() % 60, '.');
      expected.insert(expected.end(), run.begin(), run.end());
      add_run(bench, std::move(run));
    }
    std::stable_sort(expected.begin(), expected.end(), [](auto& a, auto& b) { return a.first < b.first; });
    EXPECT_EQ(merged(bench), expected);
  }
}

TEST(SortedRuns, StayWithinTheirShareWhateverTheirNumber) {
  constexpr std::size_t budget = std::size_t{3} << 20;
  workbench bench{budget};
  constexpr std::uint64_t runs = 1000;
  for (std::uint64_t r = 0; r != runs; ++r) {
    std::vector<record> run;
    for (std::uint64_t i = 0; i != 100; ++i)
      run.emplace_back(i * runs + r, std::string(500, 'x'));
    add_run(bench, std::move(run));
  }
  const auto all = merged(bench);
  ASSERT_EQ(all.size(), runs * 100);
  for (std::uint64_t i = 0; i != all.size(); ++i)
    ASSERT_EQ(all[i].first, i);
  EXPECT_LE(bench.resources->memory.peak(), budget / 4);
}

TEST(SortedRuns, AreReadOnceWhereOneMergeIsEnough) {
  workbench bench{std::size_t{16} << 20};
  for (std::uint64_t r = 0; r != 4; ++r)
    add_run(bench, std::vector<record>(1000, {r, "text"}));
  const auto written = bench.task.counters.spilled_bytes;
  EXPECT_TRUE(bench.runs.ready(1));
  EXPECT_EQ(merged(bench).size(), 4000u);
  EXPECT_EQ(bench.task.counters.spilled_bytes, written);
}

TEST(SortedRuns, WorkOnTheirMergesLittleByLittle) {
  workbench bench{std::size_t{64} << 10};
  for (std::uint64_t r = 0; r != 40; ++r)
    add_run(bench, std::vector<record>(500, {r, std::string(50, 'x')}));
  int steps = 0;
  while (!bench.runs.ready(100))
    ++steps;
  EXPECT_GE(steps, 20);
  EXPECT_EQ(merged(bench).size(), 40u * 500);
}

TEST(SortedRuns, MergeARecordLargerThanTheirMemory) {
  workbench bench{std::size_t{256} << 10};
  for (std::uint64_t r = 0; r != 20; ++r)
    add_run(bench, {{r, std::string(r == 7 ? std::size_t{4} << 20 : 1000, 'x')}});
  const auto all = merged(bench);
  ASSERT_EQ(all.size(), 20u);
  EXPECT_EQ(all[7].second.size(), std::size_t{4} << 20);
}

TEST(SortedRuns, GiveTheDiskBackAsTheyAreRead) {
  workbench bench{std::size_t{64} << 10};
  for (std::uint64_t r = 0; r != 40; ++r)
    add_run(bench, std::vector<record>(500, {r, std::string(50, 'x')}));
  EXPECT_EQ(merged(bench).size(), 40u * 500);
  EXPECT_EQ(bench.resources->spill.native_handle(), -1);
}

} // namespace crema::internal
