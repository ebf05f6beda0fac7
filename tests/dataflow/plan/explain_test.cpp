#include "tests/engines.hpp"

#include "dataflow/op/coalesce.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/flat_map.hpp"
#include "dataflow/op/group_by_key.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/union_with.hpp"
#include "dataflow/op/zip_with_index.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <regex>

// Plans as text, compared with tests/golden/explain/TEST.txt. Where a plan is meant to change:
// CREMA_WRITE_GOLDEN=1 crema_dataflow_test --gtest_filter='Explain*', and look at the difference.

namespace crema {
namespace {

using namespace crema::testing;

class Explain : public ::testing::Test {
protected:
  rdd<std::pair<long, long>> pairs(int partitions) {
    return ctx.range(0, 100, 1, partitions).key_by([](long x) { return x % 7; });
  }

  /// Lines of this file move: a location is compared as "here".
  static void expect_golden(const std::string& plan) {
    const std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const auto path = "tests/golden/explain/" + test + ".txt";
    const auto found = std::regex_replace(plan, std::regex{R"(explain_test\.cpp:\d+)"}, "here");
    if (std::getenv("CREMA_WRITE_GOLDEN") != nullptr)
      std::ofstream{path} << found;
    std::ifstream in{path};
    EXPECT_EQ(found, (std::string{std::istreambuf_iterator<char>{in}, {}})) << path;
  }

  context ctx = make_context({"inline_engine", 0});
};

TEST_F(Explain, CutsAWordCountAtItsShuffle) {
  expect_golden(ctx.parallelize(std::vector<std::string>{"a b", "b"}, 3)
                  .flat_map([](const std::string& line) { return std::vector{line}; })
                  .map([](const std::string& word) {
                    return std::pair{word, 1L};
                  })
                  .reduce_by_key(std::plus<>{}, 2)
                  .explain());
}

TEST_F(Explain, NamesDatasetsAndPlaces) {
  const auto even = ctx.range(0, 10, 1, 2).filter([](long x) { return x % 2 == 0; }).set_name("even");
  const int line = __LINE__ - 1;
  EXPECT_THAT(even.explain(), ::testing::HasSubstr("filter \"even\"  explain_test.cpp:" + std::to_string(line) + "\n"));
  expect_golden(even.explain());
}

TEST_F(Explain, RunsBothSidesOfAJoinInStagesOfTheirOwn) {
  expect_golden(pairs(3).join(pairs(2).map_values([](long v) { return v + 1; }), 4).explain());
}

TEST_F(Explain, ReadsACacheInsteadOfWhatFillsIt) {
  const rdd<std::pair<long, long>> cached = pairs(2).reduce_by_key(std::plus<>{}).cache();
  const auto plan = cached.map_values([](long v) { return -v; });
  expect_golden(plan.explain());
  cached.count();
  EXPECT_EQ(plan.explain().find("exchange"), std::string::npos) << "it is full now";
}

TEST_F(Explain, KeepsWhatTwoBranchesShare) {
  const rdd<std::pair<long, long>> shared = pairs(2).group_by_key().map([](const auto& keyed) {
    return std::pair{keyed.first, static_cast<long>(keyed.second.size())};
  });
  expect_golden(shared.filter([](const auto& r) { return r.first > 3; })
                  .union_with(shared.filter([](const auto& r) { return r.first < 2; }))
                  .explain());
}

TEST_F(Explain, KeepsTheShufflesOfAUnionAndOfACoalesce) {
  const auto united = pairs(2).partition_by(3).union_with(pairs(2).sort_by_key(std::less<>{}, 2));
  expect_golden(united.coalesce(2).explain());
}

TEST_F(Explain, ChainsShuffles) {
  expect_golden(pairs(3).sort_by_key().zip_with_index().explain());
}

} // namespace
} // namespace crema
