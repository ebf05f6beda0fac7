#include "tests/harness/planted_protocols.hpp"

#include "tests/harness/explore.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>

namespace {

using namespace crema::testing;
using namespace crema::testing::planted;

/// A mistake, where it is planted, and how many seeds may pass before it is found.
struct planting {
  const char* name;
  mistake what;
  void (*protocol)(simulation&, mistake);
  std::uint64_t seeds;
  const char* symptom;
};

std::ostream& operator<<(std::ostream& out, const planting& one) {
  return out << one.name;
}

class Planted : public ::testing::TestWithParam<planting> {};

TEST_P(Planted, MistakeIsFoundWithinItsSeeds) {
  const auto& one = GetParam();
  const auto found = find_failure({.runs = one.seeds}, [&](simulation& sim) { one.protocol(sim, one.what); });
  ASSERT_TRUE(found.failure) << one.name << " was not found in " << found.runs << " runs";
  EXPECT_THAT(found.failure->message, ::testing::HasSubstr(one.symptom)) << found.failure->report;
  RecordProperty("seeds", std::to_string(found.runs));
}

TEST_P(Planted, NothingIsFoundWithoutIt) {
  explore({.runs = 300}, [](simulation& sim) { GetParam().protocol(sim, mistake::none); });
}

INSTANTIATE_TEST_SUITE_P(
  Protocols, Planted,
  ::testing::Values(planting{"lost_credit", mistake::lost_credit, streams, 50, "producer#"},
                    planting{"forgotten_end", mistake::forgotten_end, streams, 50, "consumer#"},
                    planting{"double_commit", mistake::double_commit, commits, 50, "committed twice"},
                    planting{"wrong_attempt", mistake::wrong_attempt, commits, 100, "an earlier attempt"},
                    planting{"missing_fence", mistake::missing_fence, leases, 50, "after its lease"},
                    planting{"dead_lock", mistake::dead_lock, locks, 50, "waits for lock_"},
                    planting{"leak", mistake::leak, jobs, 100, "live on"}),
  [](const auto& of) { return std::string{of.param.name}; });

} // namespace
