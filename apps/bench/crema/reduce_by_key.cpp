#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/run.hpp"
#include "apps/bench/inputs.hpp"

namespace crema::bench::with_crema {

namespace {

outcome reduce(const workload_config& config, std::size_t keys) {
  context ctx{settings(config)};
  const pair_source source{config.seed, config.scaled(keys)};
  const measuring clock;
  const auto digest = ctx.range(0, static_cast<std::int64_t>(config.scaled(reduce_rows)))
                        .map([source](std::int64_t i) { return source(static_cast<std::uint64_t>(i)); })
                        .reduce_by_key(std::plus<std::uint64_t>{})
                        .aggregate(
                          bag_digest{},
                          [](bag_digest& sum, const std::pair<std::uint64_t, std::uint64_t>& row) {
                            sum.add(row.second, pair_hash(row.first, row.second));
                          },
                          [](bag_digest a, const bag_digest& b) { return a += b; });
  return clock.stop(digest.text());
}

} // namespace

outcome reduce_few(const workload_config& config) {
  return reduce(config, reduce_few_keys);
}

outcome reduce_many(const workload_config& config) {
  return reduce(config, reduce_many_keys);
}

} // namespace crema::bench::with_crema
