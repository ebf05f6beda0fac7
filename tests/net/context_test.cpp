#include "net/crema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using crema::config;
using crema::context;
using crema::errc;
using testing::HasSubstr;

config on(std::string master) {
  config settings;
  settings.master = std::move(master);
  settings.inline_records = 0;
  settings.progress = false;
  return settings;
}

} // namespace

TEST(ContextOfAMaster, HasTheThreadsThatItNames) {
  EXPECT_EQ(context{on("inline")}.default_parallelism(), 1);
  EXPECT_EQ(context{on("local[1]")}.default_parallelism(), 1);
  EXPECT_EQ(context{on("local[3]")}.default_parallelism(), 3);
  const auto cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  EXPECT_EQ(context{on("local")}.default_parallelism(), cores);
  EXPECT_EQ(context{on("local[*]")}.default_parallelism(), cores);
  EXPECT_EQ(context{}.default_parallelism(), cores);
}

TEST(ContextOfAMaster, GivesTheSameResultOnEveryOne) {
  for (const auto* master : {"inline", "local[1]", "local[4]"}) {
    context ctx{on(master)};
    const auto counts = ctx.parallelize(std::vector<std::string>{"to be or", "NOT to be"}, 2)
                          .flat_map([](std::string_view line) { return crema::words(line); })
                          .map([](std::string_view word) {
                            return std::pair{word, 1L};
                          })
                          .reduce_by_key(std::plus{})
                          .collect_as_map();
    EXPECT_EQ(counts.size(), 4u) << master;
    EXPECT_EQ(counts.at("to"), 2) << master;
    EXPECT_EQ(counts.at("not"), 1) << master;
  }
}

TEST(ContextOfAMaster, RefusesWhatItDoesNotKnow) {
  try {
    context ctx{on("yarn")};
    FAIL();
  } catch (const crema::error& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_THAT(e.text(), HasSubstr("master: \"yarn\""));
  }
}

TEST(ContextOfAMaster, CannotBeMadeInsideATask) {
  context ctx{on("inline")};
  try {
    ctx.parallelize({1}, 1).for_each([](int) { context inner; });
    FAIL();
  } catch (const crema::error& e) {
    EXPECT_EQ(e.code(), errc::nested_dataset);
  }
}
