#include "dataflow/metrics_log.hpp"

#include "dataflow/error.hpp"
#include "dataflow/metrics.hpp"
#include "tests/dataflow/io/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <thread>
#include <vector>

namespace {

using crema::errc;
using crema::internal::metrics_log;
using crema::testing::temporary_directory;
using testing::AllOf;
using testing::HasSubstr;

crema::job_metrics job_of(std::uint64_t id) {
  crema::job_metrics job;
  job.job = id;
  return job;
}

/// The text of the failure to open `path`.
std::string failure(const std::string& path) {
  try {
    metrics_log log{path};
  } catch (const crema::error& e) {
    EXPECT_EQ(e.code(), errc::io_failure);
    return e.text();
  }
  return "no error";
}

nlohmann::json parsed(const std::string& path) {
  return nlohmann::json::parse(temporary_directory::content(path));
}

} // namespace

TEST(MetricsLog, IsAnArrayOfJobs) {
  const temporary_directory directory;
  const auto path = directory / "metrics.json";
  {
    metrics_log log{path};
    log.add(job_of(1));
    log.add(job_of(2));
  }
  const auto jobs = parsed(path);
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0]["job"], 1);
  EXPECT_EQ(jobs[1]["job"], 2);
}

TEST(MetricsLog, OfNoJobIsAnEmptyArray) {
  const temporary_directory directory;
  const auto path = directory.file("metrics.json", "of a run before, and much longer than what comes now");
  { metrics_log log{path}; }
  EXPECT_EQ(parsed(path), nlohmann::json::array());
}

TEST(MetricsLog, KeepsWhatWasWrittenBeforeTheEnd) {
  const temporary_directory directory;
  const auto path = directory / "metrics.json";
  metrics_log log{path};
  log.add(job_of(1));
  EXPECT_THAT(temporary_directory::content(path), HasSubstr("\"job\":1"));
}

TEST(MetricsLog, NamesThePathAndTheReasonWhenItCannotBeWritten) {
  const temporary_directory directory;
  EXPECT_THAT(failure(directory / "missing/metrics.json"),
              AllOf(HasSubstr("metrics_file"), HasSubstr("missing/metrics.json"), HasSubstr("No such file")));
  EXPECT_THAT(failure(directory.path()), HasSubstr("Is a directory"));
}

TEST(MetricsLog, SaysOnceThatADiskIsFull) {
  testing::internal::CaptureStderr();
  {
    metrics_log log{"/dev/full"};
    log.add(job_of(1));
  }
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said, "crema: the metrics in \"/dev/full\" are not complete: No space left on device\n");
}

TEST(MetricsLog, TakesJobsFromManyThreads) {
  const temporary_directory directory;
  const auto path = directory / "metrics.json";
  {
    metrics_log log{path};
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t != 4; ++t)
      threads.emplace_back([&log, t] {
        for (std::uint64_t i = 0; i != 50; ++i)
          log.add(job_of(t * 50 + i));
      });
    for (auto& thread : threads)
      thread.join();
  }
  EXPECT_EQ(parsed(path).size(), 200u);
}
