#include "net/init.hpp"

#include "dataflow/error.hpp"
#include "dataflow/machine_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace {

using crema::config;
using crema::errc;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// A command line and the variables of crema's, which all are unset at the beginning.
class Init : public testing::Test {
protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }

  /// Runs init on a program with these arguments; `rest` is what it left.
  config init(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "program");
    std::vector<char*> argv;
    for (auto& argument : arguments)
      argv.push_back(argument.data());
    argv.push_back(nullptr);
    auto argc = static_cast<int>(arguments.size());
    const auto end = [&] {
      rest.assign(argv.begin(), argv.begin() + argc);
      EXPECT_EQ(argv[static_cast<std::size_t>(argc)], nullptr);
    };
    try {
      auto settings = crema::init(argc, argv.data());
      end();
      return settings;
    } catch (...) {
      end();
      throw;
    }
  }

  std::string failure(const std::vector<std::string>& arguments, errc expected = errc::invalid_argument) {
    try {
      init(arguments);
    } catch (const crema::error& e) {
      EXPECT_EQ(e.code(), expected) << e.what();
      return e.text();
    }
    return "no error";
  }

  std::size_t memory(const std::string& text) { return init({"--crema-memory=" + text}).memory_limit; }

  std::vector<std::string> rest;

private:
  static void clear() {
    for (const char* name : {"CREMA_MASTER", "CREMA_MEMORY", "CREMA_SPILL_DIR", "CREMA_PARALLELISM",
                             "CREMA_INLINE_RECORDS", "CREMA_NODES", "CREMA_PROGRESS", "CREMA_METRICS"})
      ::unsetenv(name);
  }
};

} // namespace

TEST_F(Init, WithoutFlagsGivesTheDefaults) {
  const auto settings = init({"input.txt", "--top", "10"});
  EXPECT_EQ(settings.master, "local");
  EXPECT_EQ(settings.memory_limit, 0u);
  EXPECT_EQ(settings.spill_directory, "");
  EXPECT_EQ(settings.default_parallelism, 0);
  EXPECT_EQ(settings.inline_records, 2048u);
  EXPECT_TRUE(settings.progress);
  EXPECT_EQ(settings.metrics_file, "");
  EXPECT_THAT(rest, ElementsAre("program", "input.txt", "--top", "10"));
}

TEST_F(Init, ReadsEveryFlag) {
  const auto settings =
    init({"--crema-master=local[3]", "--crema-nodes=3", "--crema-memory=64MiB", "--crema-spill-dir=/some/where",
          "--crema-parallelism=7", "--crema-inline-records=0", "--crema-progress=off", "--crema-metrics=out=1.json"});
  EXPECT_EQ(settings.master, "local[3]");
  EXPECT_EQ(settings.min_nodes, 3);
  EXPECT_EQ(settings.memory_limit, 64u << 20);
  EXPECT_EQ(settings.spill_directory, "/some/where");
  EXPECT_EQ(settings.default_parallelism, 7);
  EXPECT_EQ(settings.inline_records, 0u);
  EXPECT_FALSE(settings.progress);
  EXPECT_EQ(settings.metrics_file, "out=1.json");
  EXPECT_THAT(rest, ElementsAre("program"));
}

TEST_F(Init, TakesTheNextArgumentAsAValueToo) {
  const auto settings = init({"a", "--crema-master", "inline", "b", "--crema-parallelism", "2"});
  EXPECT_EQ(settings.master, "inline");
  EXPECT_EQ(settings.default_parallelism, 2);
  EXPECT_THAT(rest, ElementsAre("program", "a", "b"));
}

TEST_F(Init, LeavesAloneWhatStandsBehindTwoDashes) {
  const auto settings = init({"--crema-parallelism=2", "--", "--crema-parallelism=3", "--crema-nonsense", "--"});
  EXPECT_EQ(settings.default_parallelism, 2);
  EXPECT_THAT(rest, ElementsAre("program", "--", "--crema-parallelism=3", "--crema-nonsense", "--"));
}

TEST_F(Init, ReadsTheEnvironment) {
  ::setenv("CREMA_MASTER", "inline", 1);
  ::setenv("CREMA_MEMORY", "1G", 1);
  ::setenv("CREMA_SPILL_DIR", "/spill", 1);
  ::setenv("CREMA_PARALLELISM", "5", 1);
  ::setenv("CREMA_INLINE_RECORDS", "9", 1);
  ::setenv("CREMA_PROGRESS", "off", 1);
  ::setenv("CREMA_METRICS", "m.json", 1);
  const auto settings = init({});
  EXPECT_EQ(settings.master, "inline");
  EXPECT_EQ(settings.memory_limit, 1u << 30);
  EXPECT_EQ(settings.spill_directory, "/spill");
  EXPECT_EQ(settings.default_parallelism, 5);
  EXPECT_EQ(settings.inline_records, 9u);
  EXPECT_FALSE(settings.progress);
  EXPECT_EQ(settings.metrics_file, "m.json");
}

TEST_F(Init, PrefersFlagsToTheEnvironmentAndThatToTheDefaults) {
  ::setenv("CREMA_MASTER", "no master at all", 1);
  ::setenv("CREMA_PARALLELISM", "5", 1);
  ::setenv("CREMA_METRICS", "", 1);
  const auto settings = init({"--crema-master=inline"});
  EXPECT_EQ(settings.master, "inline");
  EXPECT_EQ(settings.default_parallelism, 5);
  EXPECT_EQ(settings.metrics_file, "");
}

TEST_F(Init, TakesTheLastOfRepeatedFlags) {
  EXPECT_EQ(init({"--crema-parallelism=2", "--crema-parallelism", "4"}).default_parallelism, 4);
}

TEST_F(Init, ReadsSizesWithUnits) {
  EXPECT_EQ(memory("1048576"), 1u << 20);
  EXPECT_EQ(memory("1048576B"), 1u << 20);
  EXPECT_EQ(memory("1024k"), 1u << 20);
  EXPECT_EQ(memory("256MiB"), 256u << 20);
  EXPECT_EQ(memory("256mib"), 256u << 20);
  EXPECT_EQ(memory("2G"), std::size_t{2} << 30);
  EXPECT_EQ(memory("1TiB"), std::size_t{1} << 40);
  EXPECT_EQ(memory("500MB"), 500'000'000u);
  EXPECT_EQ(memory("0"), 0u);
}

TEST_F(Init, ReadsASizeAsAShareOfTheMachine) {
  const auto half = crema::internal::default_memory_limit();
  EXPECT_NEAR(static_cast<double>(memory("50%")), static_cast<double>(half), 100);
  EXPECT_NEAR(static_cast<double>(memory("100%")), 2.0 * static_cast<double>(half), 100);
  EXPECT_THAT(failure({"--crema-memory=0%"}), HasSubstr("from 1% to 100%"));
  EXPECT_THAT(failure({"--crema-memory=101%"}), HasSubstr("from 1% to 100%"));
}

TEST_F(Init, RefusesSizesThatAreNone) {
  for (const std::string text : {"", "M", "12X", "1.5G", "-1", "1 G", "1Gi", "GiB", "0x10", "1e9", "20000000T", "1%%",
                                 "99999999999999999999", "+5M", "5MiBs", "5bb"})
    EXPECT_THAT(failure({"--crema-memory=" + text}),
                AllOf(HasSubstr("--crema-memory \"" + text + '"'), HasSubstr("such as 268435456, 256MiB or 2G")));
}

TEST_F(Init, NamesTheFlagWhoseValueIsOutOfRange) {
  EXPECT_THAT(failure({"--crema-memory=10"}),
              AllOf(HasSubstr("--crema-memory \"10\""), HasSubstr("from 1048576 (1 MiB)")));
  EXPECT_THAT(failure({"--crema-parallelism", "-1"}),
              AllOf(HasSubstr("--crema-parallelism \"-1\""), HasSubstr("expected a number of partitions")));
  EXPECT_THAT(failure({"--crema-parallelism=2147483648"}), HasSubstr("expected a number of partitions"));
  EXPECT_THAT(failure({"--crema-parallelism=two"}), HasSubstr("expected a number of partitions"));
  EXPECT_THAT(failure({"--crema-inline-records=1k"}), HasSubstr("expected a number of records"));
  EXPECT_THAT(failure({"--crema-progress=yes"}), HasSubstr("expected auto, on or off"));
  EXPECT_THAT(failure({"--crema-metrics="}), HasSubstr("expected a path"));
  EXPECT_THAT(failure({"--crema-spill-dir="}), HasSubstr("expected a path"));
  EXPECT_THAT(failure({"--crema-master=lokal"}),
              AllOf(HasSubstr("--crema-master \"lokal\""), HasSubstr("did you mean \"local\"?")));
  EXPECT_THAT(failure({"--crema-master=crema://host"}), AllOf(HasSubstr("--crema-master"), HasSubstr("no port")));
  EXPECT_THAT(failure({"--crema-nodes=many"}), HasSubstr("expected a number of nodes"));
}

TEST_F(Init, NamesTheVariableWhoseValueIsBad) {
  ::setenv("CREMA_MEMORY", "lots", 1);
  EXPECT_THAT(failure({}), AllOf(HasSubstr("CREMA_MEMORY \"lots\""), Not(HasSubstr("--crema-memory"))));
}

TEST_F(Init, OffersTheNearestFlagForAnUnknownOne) {
  EXPECT_THAT(failure({"--crema-memroy=1G"}),
              AllOf(HasSubstr("unknown flag --crema-memroy;"), HasSubstr("did you mean \"--crema-memory\"?")));
  EXPECT_THAT(failure({"--crema-"}), HasSubstr("--crema-help lists all"));
  EXPECT_THAT(failure({"--crema-workers", "4"}), AllOf(HasSubstr("--crema-workers"), Not(HasSubstr("did you mean"))));
}

TEST_F(Init, RefusesAFlagWithoutItsValue) {
  EXPECT_THAT(failure({"--crema-master"}), HasSubstr("--crema-master needs a value: --crema-master=MASTER"));
  EXPECT_THAT(failure({"--crema-metrics", "--top"}), HasSubstr("--crema-metrics needs a value"));
  EXPECT_THAT(failure({"--crema-metrics", "--"}), HasSubstr("--crema-metrics needs a value"));
}

TEST_F(Init, LeavesTheArgumentsAsTheyWereWhenItFails) {
  failure({"a", "--crema-parallelism=2", "b", "--crema-nonsense"});
  EXPECT_THAT(rest, ElementsAre("program", "a", "--crema-parallelism=2", "b", "--crema-nonsense"));
}

TEST_F(Init, ReadsAConstantCommandLineToo) {
  const char* const argv[] = {"program", "--crema-parallelism=3", nullptr};
  const int argc = 2;
  EXPECT_EQ(crema::init(argc, argv).default_parallelism, 3);
  EXPECT_EQ(crema::init(0, nullptr).default_parallelism, 0);
}

TEST_F(Init, PrintsItsHelpAndEnds) {
  EXPECT_EXIT(init({"--crema-help", "--crema-nonsense"}), testing::ExitedWithCode(0), "");
  for (const char* name :
       {"--crema-master=MASTER ", "--crema-memory=BYTES ", "--crema-spill-dir=DIR ", "--crema-parallelism=N ",
        "--crema-inline-records=N ", "--crema-progress=WHEN ", "--crema-metrics=FILE ", "--crema-help "})
    EXPECT_THAT(crema::init_help(), HasSubstr("\n  " + std::string{name}));
}
