#include "dataflow/sort/loser_tree.hpp"
#include "dataflow/sort/sort_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

namespace crema::internal {
namespace {

using record = std::pair<int, int>; // key and tag

class run {
public:
  explicit run(std::vector<record> records) : records_{std::move(records)} {}
  bool next() {
    if (at_ > records_.size())
      throw std::logic_error{"next after the end"};
    return at_++ < records_.size();
  }
  const record& head() const { return records_[at_ - 1]; }

private:
  std::vector<record> records_;
  std::size_t at_ = 0;
};

const auto by_key = [](const record& a, const record& b) { return a.first < b.first; };

// k runs with tags in the order of run and place, so that a stable merge is a stable sort of their concatenation.
std::vector<std::vector<record>> random_runs(std::size_t k, std::size_t longest, int keys, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::vector<std::vector<record>> runs(k);
  int tag = 0;
  for (auto& records : runs) {
    for (std::size_t n = random() % (longest + 1); n != 0; --n)
      records.emplace_back(static_cast<int>(random() % static_cast<unsigned>(keys)), 0);
    std::sort(records.begin(), records.end(), by_key);
    for (auto& r : records)
      r.second = tag++;
  }
  return runs;
}

template <class Less>
std::vector<record> merged(const std::vector<std::vector<record>>& runs, Less less) {
  loser_tree<run, Less> tree{{runs.begin(), runs.end()}, less};
  std::vector<record> out;
  for (; !tree.empty(); tree.advance())
    out.push_back(tree.top().head());
  return out;
}

TEST(LoserTree, MergesLikeAStableSortOfAllRuns) {
  for (const std::size_t k : {0U, 1U, 2U, 3U, 4U, 5U, 7U, 8U, 16U, 33U, 100U, 1000U})
    for (const int keys : {1, 4, 1000})
      for (const std::size_t longest : {0U, 1U, 3U, 50U}) {
        const auto runs = random_runs(k, longest, keys, k);
        std::vector<record> expected;
        for (const auto& records : runs)
          expected.insert(expected.end(), records.begin(), records.end());
        std::stable_sort(expected.begin(), expected.end(), by_key);
        ASSERT_EQ(merged(runs, by_key), expected) << k << " runs, " << keys << " keys, seed " << k;
      }
}

TEST(LoserTree, MergesTwoLikeStdMerge) {
  const auto runs = random_runs(2, 1000, 300, 7);
  std::vector<record> expected;
  std::merge(runs[0].begin(), runs[0].end(), runs[1].begin(), runs[1].end(), std::back_inserter(expected), by_key);
  EXPECT_EQ(merged(runs, by_key), expected);
}

TEST(LoserTree, TellsWhichSourceIsOnTop) {
  std::vector<run> runs;
  runs.emplace_back(std::vector<record>{{2, 0}});
  runs.emplace_back(std::vector<record>{{1, 0}, {2, 0}});
  loser_tree tree{std::move(runs), by_key};
  std::vector<std::size_t> order;
  for (; !tree.empty(); tree.advance())
    order.push_back(tree.top_index());
  EXPECT_EQ(order, (std::vector<std::size_t>{1, 0, 1}));
}

TEST(LoserTree, GivesEveryRecordOnceWhateverTheComparatorSays) {
  std::mt19937_64 random{3};
  const auto runs = random_runs(20, 30, 10, 3);
  std::size_t total = 0;
  for (const auto& records : runs)
    total += records.size();
  EXPECT_EQ(merged(runs, [&](const record&, const record&) { return random() % 2 == 0; }).size(), total);
  EXPECT_EQ(merged(runs, [](const record&, const record&) { return true; }).size(), total);
}

TEST(LoserTree, AComparatorThatThrowsLeaksNothing) {
  const auto runs = random_runs(20, 30, 10, 3);
  int left = 100;
  EXPECT_THROW(merged(runs,
                      [&](const record& a, const record& b) -> bool {
                        if (--left == 0)
                          throw std::runtime_error{"no"};
                        return a < b;
                      }),
               std::runtime_error);
}

} // namespace
} // namespace crema::internal
