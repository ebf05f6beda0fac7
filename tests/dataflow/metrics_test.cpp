#include "dataflow/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using crema::job_metrics;
using crema::stage_metrics;
using crema::to_json;

stage_metrics stage_of(int tasks, std::uint64_t rows, std::uint64_t rows_max) {
  stage_metrics stage;
  stage.tasks = tasks;
  stage.total.rows = rows;
  stage.rows_max = rows_max;
  return stage;
}

} // namespace

TEST(StageMetrics, SkewIsTheLargestTaskOverTheMean) {
  EXPECT_DOUBLE_EQ(stage_of(4, 100, 25).skew(), 1);
  EXPECT_DOUBLE_EQ(stage_of(4, 100, 50).skew(), 2);
  EXPECT_DOUBLE_EQ(stage_of(4, 100, 100).skew(), 4);
}

TEST(StageMetrics, AreEvenWhereThereIsNothing) {
  EXPECT_DOUBLE_EQ(stage_of(4, 0, 0).skew(), 1);
  EXPECT_DOUBLE_EQ(stage_of(0, 0, 0).skew(), 1);
}

TEST(JobMetrics, AreOneLineOfJsonWithStableKeys) {
  job_metrics job;
  job.job = 7;
  job.action = "collect";
  job.wall = 1500ms;
  job.memory_peak = 1 << 20;
  auto stage = stage_of(2, 10, 5);
  stage.title = "reduce_by_key";
  stage.total.bytes = 160;
  stage.total.blocks = 2;
  stage.total.credit_waits = 3;
  stage.total.spills = 1;
  stage.total.spilled_bytes = 64;
  stage.total.busy = 250ms;
  stage.total.waiting = 500us;
  job.stages.push_back(stage);
  EXPECT_EQ(
    to_json(job),
    R"({"job":7,"action":"collect","wall_seconds":1.5,"inlined":false,"memory_peak_bytes":1048576,)"
    R"("failure":"","attempts":1,"recomputed_tasks":0,"stages":[{"id":0,"title":"reduce_by_key","tasks":2,"rows":10,"rows_max":5,"skew":1.0,)"
    R"("bytes":160,"blocks":2,"credit_waits":3,"spills":1,"spilled_bytes":64,"busy_seconds":0.25,)"
    R"("waiting_seconds":0.0005}]})");
}

TEST(JobMetrics, WithoutStagesHaveAnEmptyArray) {
  EXPECT_THAT(to_json({}), testing::EndsWith(R"("stages":[]})"));
}

TEST(JobMetrics, StayJsonWhateverBytesAFailureHas) {
  job_metrics job;
  job.failure = std::string("\"\\\n\t\x01\0 \xff\xc3( \xe2\x82", 13);
  const auto read = nlohmann::json::parse(to_json(job));
  EXPECT_EQ(read["failure"], std::string("\"\\\n\t\x01\0 ", 7) + "\xef\xbf\xbd\xef\xbf\xbd( \xef\xbf\xbd");
}
