#include "apps/examples/page_rank.hpp"
#include "apps/examples/edge_file.hpp"
#include "apps/examples/program/program.hpp"

#include <numeric>

using namespace crema::examples;

namespace {

/// The first `n` vertices (0 for all) by rank, highest first, equal ones by number.
std::vector<std::uint32_t> best(const std::vector<double>& ranks, std::int64_t n) {
  std::vector<std::uint32_t> order(ranks.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto kept = n == 0 ? ranks.size() : std::min(ranks.size(), static_cast<std::size_t>(n));
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                    [&](auto a, auto b) { return ranks[a] != ranks[b] ? ranks[a] > ranks[b] : a < b; });
  order.resize(kept);
  return order;
}

std::uint32_t vertex_count(std::int64_t wanted) {
  if (wanted < 1 || wanted > std::numeric_limits<std::uint32_t>::max())
    throw usage_error{"--generate: a graph has 1 to 4294967295 vertices, not " + std::to_string(wanted)};
  return static_cast<std::uint32_t>(wanted);
}

} // namespace

int main(int argc, char** argv) {
  std::string edges;
  std::vector<std::int64_t> generate;
  page_rank_settings settings;
  std::int64_t iterations = settings.iterations, top = 20;

  program command{"page_rank",
                  "Prints the vertices of a graph, highest rank first: rank<TAB>vertex. The ranks' sum is 1."};
  command.argument("EDGES", edges, "text files with an edge a line: from<space or tab>to; # begins a comment", false);
  command.option("--generate", generate, {"VERTICES", "EDGES", "SEED"}, "a random graph instead of files");
  command.option("--iterations", iterations, 0, "how often ranks flow along the edges", 1'000'000);
  command.option("--damping", settings.damping, 0, 1, "the part of a rank that flows");
  command.option("--top", top, 0, "how many vertices to print; 0 for all");

  return command.run(argc, argv, [&](crema::context& ctx, output& out) {
    if (edges.empty() == generate.empty())
      throw usage_error{"give either EDGES or --generate"};
    settings.iterations = static_cast<int>(iterations);
    if (!generate.empty()) {
      const random_edge edge{static_cast<std::uint64_t>(generate[2]), vertex_count(generate[0])};
      const auto ranks = page_rank(ctx, make_graph(ctx.range(0, generate[1]).map(edge), edge.vertices), settings);
      for (const auto vertex : best(ranks, top))
        out.line(ranks[vertex], '\t', vertex);
    } else if (const auto read = read_edges(ctx, edges); read.numbers->size() != 0) {
      const auto ranks = page_rank(ctx, make_graph(read.edges, read.numbers->size()), settings);
      for (const auto vertex : best(ranks, top))
        out.line(ranks[vertex], '\t', read.numbers->number(vertex));
    }
  });
}
