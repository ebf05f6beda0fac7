#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/run.hpp"
#include "apps/bench/inputs.hpp"

namespace crema::bench::with_crema {

outcome join(const workload_config& config) {
  context ctx{settings(config)};
  const auto rows = config.scaled(join_rows);
  const auto side = [&](std::uint64_t seed) {
    const pair_source source{seed, rows};
    return ctx.range(0, static_cast<std::int64_t>(rows)).map([source](std::int64_t i) {
      return source(static_cast<std::uint64_t>(i));
    });
  };
  const measuring clock;
  const auto digest = side(config.seed)
                        .join(side(config.seed + 1))
                        .aggregate(
                          bag_digest{},
                          [](bag_digest& sum, const auto& row) {
                            const auto& [key, values] = row;
                            sum.add(values.first + values.second, join_hash(key, values.first, values.second));
                          },
                          [](bag_digest a, const bag_digest& b) { return a += b; });
  return clock.stop(digest.text());
}

} // namespace crema::bench::with_crema
