#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/run.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace crema::bench::with_crema {

namespace {

/// The median time of many runs of `job`, which builds its dataset and runs one action on it. A tenth as many, which do
/// not count, come first.
template <class Job>
outcome median_time(const workload_config& config, Job job) {
  const auto runs = config.scaled(2000);
  for (std::size_t i = 0; i < runs / 10; ++i)
    job();
  std::vector<double> seconds(runs);
  const measuring clock;
  std::size_t records = 0;
  for (auto& its : seconds) {
    const auto begin = std::chrono::steady_clock::now();
    records += job();
    its = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  auto result = clock.stop(std::to_string(records / runs) + " records");
  std::ranges::nth_element(seconds, seconds.begin() + static_cast<std::ptrdiff_t>(runs / 2));
  result.seconds = seconds[runs / 2];
  result.cpu_seconds /= static_cast<double>(runs);
  return result;
}

} // namespace

outcome tiny_collect(const workload_config& config) {
  const context ctx{settings(config)};
  return median_time(config, [&] { return ctx.range(0, 10).collect().size(); });
}

outcome tiny_reduce(const workload_config& config) {
  const context ctx{settings(config)};
  const auto job = [&] {
    const auto pairs = ctx.range(0, 100).map([](std::int64_t i) { return std::pair{i % 10, i}; });
    return pairs.reduce_by_key(std::plus{}).collect().size();
  };
  return median_time(config, job);
}

outcome actor_collect(const workload_config& config) {
  auto made = settings(config);
  made.inline_records = 0;
  const context ctx{made};
  return median_time(config, [&] { return ctx.range(0, 10, 1, 4).collect().size(); });
}

} // namespace crema::bench::with_crema
