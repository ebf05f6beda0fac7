#pragma once

#include <crema/crema.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace crema::examples {

/// An edge between vertices, which are numbered from 0: (from, to). Several equal edges count several times.
using edge = std::pair<std::uint32_t, std::uint32_t>;

struct page_rank_settings {
  int iterations = 10;
  double damping = 0.85;
  /// Whether the rank of vertices without outgoing edges is spread over all vertices, so that the ranks' sum stays 1;
  /// otherwise it is lost with every iteration.
  bool keep_sum = true;
};

/// The incoming edges of the vertices of one range: those of vertex `first + i` come from
/// sources[ends[i - 1]] to sources[ends[i] - 1] (from sources[0] for i = 0). A compressed sparse row matrix, cut into
/// slices that are records.
using in_edges = std::tuple<std::uint32_t, std::vector<std::uint32_t>, std::vector<std::uint32_t>>;

/// A graph as page_rank reads it: built once, cached, sliced by the vertices that edges lead to.
struct graph {
  std::uint32_t vertices;
  rdd<in_edges> slices;
};

/// The slices: ranges of 2^bits vertices, small enough for a cache and at most 128.
struct slicing {
  std::uint32_t vertices;
  unsigned bits;

  explicit slicing(std::uint32_t all)
      : vertices{all}, bits{std::max(10U, static_cast<unsigned>(std::bit_width((all - 1) / 128)))} {}

  int count() const { return static_cast<int>((vertices - 1) >> bits) + 1; }
  std::uint32_t begin(int slice) const { return static_cast<std::uint32_t>(slice) << bits; }
  std::uint32_t size(int slice) const { return std::min(vertices - begin(slice), std::uint32_t{1} << bits); }
};

/// Sorts the edges of one slice by target, by counting: (target, source) pairs in, one record out.
inline in_edges slice_of(std::uint32_t first, std::uint32_t size, const std::vector<edge>& arrived) {
  std::vector<std::uint32_t> places(size), sources(arrived.size());
  for (const auto& [to, from] : arrived)
    ++places[to - first];
  std::uint32_t sum = 0;
  for (auto& place : places)
    sum += std::exchange(place, sum);
  // Each place ends up where the next one began: at the end of its own sources.
  for (const auto& [to, from] : arrived)
    sources[places[to - first]++] = from;
  return {first, std::move(places), std::move(sources)};
}

/// The graph of `edges` between the vertices 0 to `vertices` - 1 (one at least); an edge beyond them is
/// invalid_argument. Lazy. Cost: every edge moves once; a slice is built in memory, so that the edges of one
/// hundred-and-twenty-eighth of the vertices must fit.
template <class Node>
graph make_graph(const rdd<edge, Node>& edges, std::uint32_t vertices) {
  if (vertices == 0)
    throw error{errc::invalid_argument, "page_rank: the graph has no vertices"};
  const slicing into{vertices};
  auto slices =
    edges
      .map([vertices](const edge& one) {
        if (one.first >= vertices || one.second >= vertices)
          throw error{errc::invalid_argument, "page_rank: an edge from " + std::to_string(one.first) + " to "
                                                + std::to_string(one.second) + ", but there are only "
                                                + std::to_string(vertices) + " vertices"};
        return edge{one.second, one.first};
      })
      .partition_by(into.count(), [into](std::uint32_t to) { return to >> into.bits; })
      .map_partitions_with_index([into](int slice, partition_range<edge>& arriving) {
        std::vector<edge> arrived;
        for (const auto& one : arriving)
          arrived.push_back(one);
        return std::vector{slice_of(into.begin(slice), into.size(slice), arrived)};
      });
  return {vertices, slices.cache()};
}

/// How many edges leave each vertex.
inline std::vector<std::uint32_t> out_degrees(const context& ctx, const graph& graph) {
  const auto count = [](std::vector<std::uint32_t>& degrees, const in_edges& slice) {
    for (const auto source : std::get<2>(slice))
      ++degrees[source];
  };
  const auto add = [](std::vector<std::uint32_t> a, const std::vector<std::uint32_t>& b) {
    for (std::size_t v = 0; v != a.size(); ++v)
      a[v] += b[v];
    return a;
  };
  // A partition's result is as large as the graph has vertices, so there should be few.
  return graph.slices.coalesce(ctx.default_parallelism())
    .aggregate(std::vector<std::uint32_t>(graph.vertices), count, add);
}

/// The sum of what the sources at [at, end) give; four sums, so that no addition waits for the one before.
inline double pulled(const std::vector<double>& given, const std::uint32_t* at, const std::uint32_t* end) {
  double a = 0, b = 0, c = 0, d = 0;
  for (; end - at >= 4; at += 4) {
    a += given[at[0]];
    b += given[at[1]];
    c += given[at[2]];
    d += given[at[3]];
  }
  for (; at != end; ++at)
    a += given[*at];
  return (a + b) + (c + d);
}

/// What each vertex of a slice receives: (the first vertex, the sums).
inline std::pair<std::uint32_t, std::vector<double>> received(const in_edges& slice, const std::vector<double>& given) {
  const auto& [first, ends, sources] = slice;
  std::vector<double> sums(ends.size());
  std::uint32_t at = 0;
  for (std::size_t i = 0; i != sums.size(); ++i) {
    sums[i] = pulled(given, sources.data() + at, sources.data() + ends[i]);
    at = ends[i];
  }
  return {first, std::move(sums)};
}

/// The rank of every vertex after some iterations from 1/n each:
///
///     rank(v) = (1 - damping) / n + damping * (sum of rank(u) / out_degree(u) over the edges u -> v  +  lost / n)
///
/// where n is the number of vertices and `lost` the sum of the ranks of vertices without outgoing edges (0 unless
/// `keep_sum`). So the ranks' sum is 1. Each iteration broadcasts what the vertices give and pulls it along the edges,
/// as in McSherry's "COST" programs. After Page, Brin, Motwani and Winograd (1999).
///
///     auto ranks = page_rank(ctx, make_graph(edges, vertices));
inline std::vector<double> page_rank(const context& ctx, const graph& graph, const page_rank_settings& settings = {}) {
  const auto n = static_cast<double>(graph.vertices);
  const auto degrees = out_degrees(ctx, graph);
  std::vector<double> ranks(graph.vertices, 1 / n);
  for (int i = 0; i != settings.iterations; ++i) {
    double lost = 0;
    std::vector<double> giving(ranks.size());
    for (std::size_t v = 0; v != ranks.size(); ++v)
      if (degrees[v] != 0)
        giving[v] = ranks[v] / degrees[v];
      else
        lost += ranks[v];
    const auto given = ctx.broadcast(std::move(giving));
    const auto base = (1 - settings.damping) / n + (settings.keep_sum ? settings.damping * lost / n : 0);
    for (const auto& [first, sums] :
         graph.slices.map([given](const in_edges& s) { return received(s, *given); }).collect())
      for (std::size_t v = 0; v != sums.size(); ++v)
        ranks[first + v] = base + settings.damping * sums[v];
  }
  return ranks;
}

} // namespace crema::examples
