#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/run.hpp"
#include "apps/bench/inputs.hpp"

#include <algorithm>
#include <functional>

// Programs whose outcome is what one record or one partition costs, at two sizes.

namespace crema::bench::with_crema {

namespace {

/// The processor's time and the memory since the clock was started, for each of `count`.
outcome each(const measuring& clock, std::size_t count) {
  auto whole = clock.stop("equal");
  whole.cpu_seconds /= static_cast<double>(count);
  whole.seconds = whole.cpu_seconds; // how well few records share the threads is another matter
  const auto more = whole.peak_bytes - std::min(whole.peak_bytes, clock.bytes_before());
  whole.peak_bytes = std::max<std::uint64_t>(1, more / count);
  return whole;
}

outcome partitions(const workload_config& config, std::size_t full) {
  const context ctx{settings(config)};
  const auto count = static_cast<int>(config.scaled(full));
  const auto job = [&](int parts) { return ctx.range(0, 100 * std::int64_t{parts}, 1, parts).map(mapping{}).count(); };
  job(100); // starts the threads
  const measuring clock;
  job(count);
  return each(clock, static_cast<std::size_t>(count));
}

outcome records(const workload_config& config, std::size_t full) {
  const context ctx{settings(config)};
  const auto count = config.scaled(full);
  const pair_source source{config.seed, 10'000};
  const auto job = [&](std::size_t rows) {
    return ctx.range(0, static_cast<std::int64_t>(rows))
      .map([source](std::int64_t i) { return source(static_cast<std::uint64_t>(i)); })
      .reduce_by_key(std::plus{})
      .count();
  };
  job(100'000);
  const measuring clock;
  job(count);
  return each(clock, count);
}

outcome sorted_records(const workload_config& config, std::size_t full) {
  const context ctx{settings(config)};
  const auto count = config.scaled(full);
  const number_source source{config.seed};
  const auto job = [&](std::size_t rows) {
    return ctx.range(0, static_cast<std::int64_t>(rows))
      .map([source](std::int64_t i) { return source(static_cast<std::uint64_t>(i)); })
      .sort_by(std::identity{})
      .count();
  };
  job(100'000);
  const measuring clock;
  job(count);
  return each(clock, count);
}

} // namespace

outcome few_partitions(const workload_config& config) {
  return partitions(config, 1'000);
}

outcome many_partitions(const workload_config& config) {
  return partitions(config, 100'000);
}

outcome few_records(const workload_config& config) {
  return records(config, 1'000'000);
}

outcome many_records(const workload_config& config) {
  return records(config, 100'000'000);
}

outcome few_sorted(const workload_config& config) {
  return sorted_records(config, 1'000'000);
}

outcome many_sorted(const workload_config& config) {
  return sorted_records(config, 100'000'000);
}

} // namespace crema::bench::with_crema
