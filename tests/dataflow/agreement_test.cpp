#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

// Every test of an operation runs on every engine, worker processes and the nodes of a cluster among them, with the
// same results: but for those that are named here, which look into their own process or are about large plans.

namespace crema {
namespace {

/// The engines on which the tests of each suite run.
std::map<std::string, std::set<std::string>> engines_of_suites() {
  std::map<std::string, std::set<std::string>> found;
  const auto& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i != all.total_test_suite_count(); ++i) {
    const auto& suite = *all.GetTestSuite(i);
    const std::string name = suite.name();
    if (const std::string prefix = "Engines/"; name.starts_with(prefix))
      for (int j = 0; j != suite.total_test_count(); ++j) {
        const std::string test = suite.GetTestInfo(j)->name();
        found[name.substr(prefix.size())].insert(test.substr(test.rfind('/') + 1));
      }
  }
  return found;
}

} // namespace

TEST(Agreement, LeavesOutOnlyTheseSuites) {
  std::set<std::string> everywhere;
  std::set<std::string> here;
  for (const auto& [suite, engines] : engines_of_suites())
    (engines.contains("two_processes") && engines.contains("three_nodes") ? everywhere : here).insert(suite);
  EXPECT_GE(everywhere.size(), 15U);
  EXPECT_THAT(here, ::testing::UnorderedElementsAre("ASlowConsumer",     // counts how far producers are ahead
                                                    "CachesHere",        // memory that they take
                                                    "FailingRecords",    // a switch in the record's type
                                                    "FailuresHere",      // objects that were thrown, contexts
                                                    "Jobs",              // gates that hold tasks up
                                                    "LocalIteratorHere", // references to what functions captured
                                                    "LongLineages",      // plans of ten thousand nodes
                                                    "LongLineagesHere",  // the same
                                                    "OutOfCore"));       // memory, files and limits of the process
}

} // namespace crema
