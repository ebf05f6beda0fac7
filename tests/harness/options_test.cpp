#include "tests/harness/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string_view>

namespace {

using crema::testing::parse_options;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const char* nothing(const char*) {
  return nullptr;
}

const char* some(const char* name) {
  const std::string_view asked{name};
  return asked == "CREMA_SEED" ? "3" : asked == "CREMA_TRACE" ? "/tmp/traces" : nullptr;
}

TEST(Options, AreReadFromTheCommandLine) {
  const auto given = parse_options({"test", "--gtest_filter=*", "--crema_seed=17", "--crema_runs=5", "more"}, nothing);
  EXPECT_EQ(given.seed, 17u);
  EXPECT_EQ(given.runs, 5u);
  EXPECT_EQ(parse_options({"test", "--crema_replay=0*2.1/3"}, nothing).replay, "0*2.1/3");
}

TEST(Options, AreReadFromTheEnvironmentUnlessAFlagSaysOtherwise) {
  EXPECT_EQ(parse_options({"test"}, some).seed, 3u);
  EXPECT_EQ(parse_options({"test"}, some).trace_directory, "/tmp/traces");
  EXPECT_EQ(parse_options({"test", "--crema_seed=4"}, some).seed, 4u);
}

TEST(Options, ThatDoNotExistAreRefused) {
  const auto reading = [](const char* flag) { return [flag] { parse_options({"test", flag}, nothing); }; };
  EXPECT_THAT(reading("--crema_sed=1"), ThrowsMessage<std::invalid_argument>(HasSubstr("--crema_seed=N")));
  EXPECT_THAT(reading("--crema_seed"), ThrowsMessage<std::invalid_argument>(HasSubstr("--crema_seed")));
  EXPECT_THAT(reading("--crema_seed=x"), ThrowsMessage<std::invalid_argument>(HasSubstr("must be a number")));
  EXPECT_THAT(reading("--crema_runs=1x"), ThrowsMessage<std::invalid_argument>(HasSubstr("\"1x\"")));
}

} // namespace
