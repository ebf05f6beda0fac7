#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/run.hpp"
#include "apps/bench/inputs.hpp"

namespace crema::bench::with_crema {

namespace {

sequence_digest joined(sequence_digest a, const sequence_digest& b) {
  return a += b;
}

} // namespace

outcome sort(const workload_config& config) {
  context ctx{settings(config)};
  const number_source source{config.seed};
  const rdd<std::uint64_t> numbers = ctx.range(0, static_cast<std::int64_t>(config.scaled(sort_rows)))
                                       .map([source](std::int64_t i) { return source(static_cast<std::uint64_t>(i)); })
                                       .cache();
  numbers.count();
  const measuring clock;
  const auto digest = numbers.sort_by(std::identity{})
                        .aggregate(
                          sequence_digest{}, [](sequence_digest& sum, std::uint64_t x) { sum.add(x); }, joined);
  return clock.stop(digest.text());
}

outcome tera_sort(const workload_config& config) {
  context ctx{settings(config)};
  const record_source source{config.seed};
  const rdd<record> records = ctx.range(0, static_cast<std::int64_t>(config.scaled(tera_rows)))
                                .map([source](std::int64_t i) { return source(static_cast<std::uint64_t>(i)); })
                                .cache();
  records.count();
  const measuring clock;
  const auto digest =
    records.sort_by([](const record& r) -> const auto& { return r.key; })
      .aggregate(
        sequence_digest{}, [](sequence_digest& sum, const record& r) { sum.add(r.number()); }, joined);
  return clock.stop(digest.text());
}

} // namespace crema::bench::with_crema
