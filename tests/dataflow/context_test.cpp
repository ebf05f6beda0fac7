#include "dataflow/context.hpp"

#include "dataflow/block/page_buffer.hpp"
#include "dataflow/error.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/machine_limits.hpp"
#include "dataflow/operations.hpp"
#include "tests/dataflow/io/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using crema::config;
using crema::context;
using crema::errc;
using crema::internal::page_buffer_limit;
using crema::testing::temporary_directory;
using testing::AllOf;
using testing::HasSubstr;

std::unique_ptr<context> open(const config& settings = {}) {
  return std::make_unique<context>(settings, crema::internal::make_inline_engine(3));
}

std::unique_ptr<context> open_with_memory(std::size_t limit) {
  config settings;
  settings.memory_limit = limit;
  return open(settings);
}

std::pair<errc, std::string> failure(const config& settings) {
  try {
    open(settings);
  } catch (const crema::error& e) {
    return {e.code(), e.text()};
  }
  return {errc::internal, "no error"};
}

/// Sets the limit that contexts may lower, for as long as it lives.
class kept_pages {
public:
  explicit kept_pages(std::size_t bytes) { crema::internal::limit_page_buffers(bytes); }
  ~kept_pages() { crema::internal::limit_page_buffers(before_); }
  kept_pages(const kept_pages&) = delete;
  kept_pages& operator=(const kept_pages&) = delete;

private:
  std::size_t before_ = page_buffer_limit();
};

constexpr std::size_t mib = std::size_t{1} << 20;

} // namespace

TEST(Context, TakesItsNumbersFromTheConfiguration) {
  config settings;
  EXPECT_EQ(open(settings)->default_parallelism(), 3);
  EXPECT_EQ(open(settings)->memory_limit(), crema::internal::default_memory_limit());
  settings.default_parallelism = 5;
  settings.memory_limit = 7 * mib;
  EXPECT_EQ(open(settings)->default_parallelism(), 5);
  EXPECT_EQ(open(settings)->memory_limit(), 7 * mib);
}

TEST(Context, ChecksItsConfigurationFirst) {
  config settings;
  settings.default_parallelism = -2;
  EXPECT_EQ(failure(settings).first, errc::invalid_argument);
  EXPECT_THAT(failure(settings).second, HasSubstr("default_parallelism: -2"));
}

TEST(Context, RefusesASpillDirectoryThatIsNone) {
  const temporary_directory directory;
  config settings;
  settings.spill_directory = directory / "missing";
  auto [code, text] = failure(settings);
  EXPECT_EQ(code, errc::io_failure);
  EXPECT_THAT(text,
              AllOf(HasSubstr("spill_directory"), HasSubstr(settings.spill_directory), HasSubstr("No such file")));
  settings.spill_directory = directory.file("file");
  EXPECT_THAT(failure(settings).second, HasSubstr(settings.spill_directory));
  settings.spill_directory = directory.path();
  EXPECT_NO_THROW(open(settings));
}

TEST(Context, RefusesAMetricsFileThatCannotBeWritten) {
  const temporary_directory directory;
  config settings;
  settings.metrics_file = directory / "missing/metrics.json";
  const auto [code, text] = failure(settings);
  EXPECT_EQ(code, errc::io_failure);
  EXPECT_THAT(text, AllOf(HasSubstr(settings.metrics_file), HasSubstr("No such file")));
}

TEST(Context, WritesTheMetricsOfEveryJob) {
  const temporary_directory directory;
  config settings;
  settings.metrics_file = directory / "metrics.json";
  auto ctx = open(settings);
  const auto numbers = ctx->range(0, 10).map([](std::int64_t x) { return x + 1; });
  EXPECT_EQ(numbers.count(), 10u);
  EXPECT_THROW(numbers.map([](std::int64_t) -> int { throw 1; }).collect(), crema::error);
  ctx->close();
  const auto jobs = nlohmann::json::parse(temporary_directory::content(settings.metrics_file));
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0]["action"], "count");
  EXPECT_EQ(jobs[0]["failure"], "");
  EXPECT_EQ(jobs[1]["action"], "collect");
  EXPECT_THAT(jobs[1]["failure"], HasSubstr("user_exception"));
}

TEST(Context, KeepsFreedBuffersOfAnEighthOfItsMemoryAtMost) {
  const kept_pages limit{256 * mib};
  {
    const auto ctx = open_with_memory(64 * mib);
    EXPECT_EQ(page_buffer_limit(), 8 * mib);
  }
  EXPECT_EQ(page_buffer_limit(), 256 * mib);
  const auto large = open_with_memory(64'000 * mib);
  EXPECT_EQ(page_buffer_limit(), 256 * mib);
}

TEST(Context, WithTheLeastMemoryDecidesHowManyFreedBuffersAreKept) {
  const kept_pages limit{256 * mib};
  const auto large = open_with_memory(400 * mib);
  auto small = open_with_memory(8 * mib);
  const auto medium = open_with_memory(80 * mib);
  EXPECT_EQ(page_buffer_limit(), 1 * mib);
  small.reset();
  EXPECT_EQ(page_buffer_limit(), 10 * mib);
}

TEST(Context, NeverKeepsMoreThanTheProgramSaid) {
  const kept_pages limit{0};
  const auto ctx = open_with_memory(64 * mib);
  EXPECT_EQ(page_buffer_limit(), 0u);
}

TEST(Context, LeavesDatasetsThatFailCleanlyAfterIt) {
  std::optional<crema::rdd<int>> numbers;
  {
    const auto ctx = open();
    numbers = ctx->parallelize({1, 2, 3});
    EXPECT_EQ(numbers->count(), 3u);
  }
  try {
    numbers->count();
    FAIL() << "an action of a closed context succeeded";
  } catch (const crema::error& e) {
    EXPECT_EQ(e.code(), errc::context_closed);
  }
}
