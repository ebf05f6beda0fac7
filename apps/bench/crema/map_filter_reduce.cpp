#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/run.hpp"
#include "apps/bench/inputs.hpp"

namespace crema::bench::with_crema {

outcome range(const workload_config& config) {
  context ctx{settings(config)};
  const auto rows = static_cast<std::int64_t>(config.scaled(range_rows));
  const measuring clock;
  const auto sum = ctx.range(0, rows).map(mapping{}).filter(keeping{}).reduce(std::plus<std::int64_t>{});
  return clock.stop(std::to_string(sum));
}

outcome array(const workload_config& config) {
  auto made = settings(config);
  made.memory_limit = std::size_t{12} << 30;
  context ctx{made};
  const rdd<std::int64_t> numbers = ctx.range(0, static_cast<std::int64_t>(config.scaled(range_rows))).cache();
  numbers.count();
  const measuring clock;
  const auto sum = numbers.map(mapping{}).filter(keeping{}).reduce(std::plus<std::int64_t>{});
  return clock.stop(std::to_string(sum));
}

} // namespace crema::bench::with_crema
