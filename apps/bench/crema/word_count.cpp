#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/run.hpp"
#include "apps/bench/inputs.hpp"

#include "apps/examples/word_count.hpp"

namespace crema::bench::with_crema {

outcome word_count(const workload_config& config) {
  const auto path = text_file(config);
  context ctx{settings(config)};
  const measuring clock;
  const auto digest = examples::count_words(ctx, path).aggregate(
    bag_digest{},
    [](bag_digest& sum, const std::pair<std::string, std::uint64_t>& counted) {
      sum.add(counted.second, word_hash(counted.first, counted.second));
    },
    [](bag_digest a, const bag_digest& b) { return a += b; });
  return clock.stop(digest.text());
}

} // namespace crema::bench::with_crema
