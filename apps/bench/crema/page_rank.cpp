#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/run.hpp"
#include "apps/bench/inputs.hpp"

#include "apps/examples/page_rank.hpp"

#include <algorithm>

namespace crema::bench::with_crema {

namespace {

// The example's ranks add up to 1, the hand-written program's to the number of vertices.
outcome summary(const measuring& clock, const std::vector<double>& ranks) {
  const auto n = static_cast<double>(ranks.size());
  double sum = 0, weighted = 0;
  for (std::size_t v = 0; v < ranks.size(); ++v) {
    sum += ranks[v];
    weighted += ranks[v] * static_cast<double>(v % 1000);
  }
  return clock.stop(std::to_string(ranks.size()) + " vertices",
                    {n * sum, n * weighted, n * *std::ranges::max_element(ranks)});
}

} // namespace

outcome page_rank(const workload_config& config) {
  context ctx{settings(config)};
  const auto vertices = config.scaled(graph_vertices);
  const edge_source source{config.seed, vertices};
  const rdd<examples::edge> edges = ctx.range(0, static_cast<std::int64_t>(config.scaled(graph_edges)))
                                      .map([source](std::int64_t i) {
                                        const auto [from, to] = source(static_cast<std::uint64_t>(i));
                                        return examples::edge{from, to};
                                      })
                                      .cache();
  edges.count();
  const measuring clock;
  const auto graph = examples::make_graph(edges, static_cast<std::uint32_t>(vertices));
  examples::page_rank_settings rules;
  rules.iterations = static_cast<int>(iterations);
  rules.keep_sum = false;
  return summary(clock, examples::page_rank(ctx, graph, rules));
}

} // namespace crema::bench::with_crema
