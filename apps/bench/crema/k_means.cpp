#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/run.hpp"
#include "apps/bench/inputs.hpp"

#include "apps/examples/k_means.hpp"

namespace crema::bench::with_crema {

outcome k_means(const workload_config& config) {
  context ctx{settings(config)};
  const point_source source{config.seed};
  const rdd<point> points = ctx.range(0, static_cast<std::int64_t>(config.scaled(point_rows)))
                              .map([source](std::int64_t i) { return source(static_cast<std::uint64_t>(i)); })
                              .cache();
  const auto rows = points.count();
  const measuring clock;
  const auto found = examples::k_means(ctx, points, points.take(centre_count), static_cast<int>(iterations));
  auto result = clock.stop(std::to_string(rows) + " points");
  for (const auto& centre : found.centres)
    result.values.insert(result.values.end(), centre.begin(), centre.end());
  return result;
}

} // namespace crema::bench::with_crema
