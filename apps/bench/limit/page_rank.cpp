#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/partitioned.hpp"
#include "apps/bench/limit/programs.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <unordered_map>

namespace crema::bench::limit {

namespace {

/// Who points to whom: the sources of vertex v's edges are sources[begins[v]] to sources[begins[v + 1] - 1].
struct graph {
  huge_array<std::uint32_t> begins;
  huge_array<std::uint32_t> sources;
  huge_array<double> shares; ///< 1 / out-degree, or 0
};

/// Out-degrees: a byte each while it suffices, so that a million of them stay in a second-level cache.
class degrees {
public:
  degrees() = default;
  explicit degrees(std::size_t vertices) : low_{vertices} {}

  void increment(std::uint32_t vertex) {
    if (++low_[vertex] == 0) [[unlikely]]
      high_[vertex] += 256;
  }

  std::uint32_t operator[](std::size_t vertex) const {
    const auto more = high_.empty() ? high_.end() : high_.find(vertex);
    return low_[vertex] + (more == high_.end() ? 0 : more->second);
  }

private:
  huge_array<std::uint8_t> low_;
  std::unordered_map<std::size_t, std::uint32_t> high_;
};

using scattered = std::vector<std::unique_ptr<partitioned<edge>>>;

/// Vertices are worked on in blocks of 2^block_bits neighbours.
struct blocks {
  std::size_t vertices;
  unsigned block_bits;
  std::size_t count;

  explicit blocks(std::size_t all)
      : vertices{all},
        block_bits{static_cast<unsigned>(std::max(6, static_cast<int>(std::bit_width(all / 256))))},
        count{(all >> block_bits) + 1} {}

  std::size_t begin(std::size_t block) const { return std::min(block << block_bits, vertices); }

  template <class Work>
  void each(unsigned threads, Work&& work) const {
    std::atomic<std::size_t> next = 0;
    on_threads(threads, [&](unsigned) {
      for (std::size_t b = 0; (b = next.fetch_add(1)) < count;)
        work(b);
    });
  }
};

/// Edges by their target's block, and every vertex's out-degree as `shares`.
scattered scatter(const huge_array<edge>& edges, const blocks& parts, unsigned threads, huge_array<double>& shares) {
  scattered result(threads);
  std::vector<degrees> counted(threads);
  on_threads(threads, [&](unsigned t) {
    auto [at, end] = share(edges.size(), t, threads);
    result[t] = std::make_unique<partitioned<edge>>(end - at, parts.count);
    counted[t] = degrees{parts.vertices};
    for (; at < end; ++at) {
      counted[t].increment(edges[at].from);
      result[t]->push(edges[at].to >> parts.block_bits, edges[at]);
    }
    result[t]->finish();
  });
  on_threads(threads, [&](unsigned t) {
    for (auto [v, end] = share(parts.vertices, t, threads); v < end; ++v) {
      std::uint32_t degree = 0;
      for (const auto& its : counted)
        degree += its[v];
      shares[v] = degree == 0 ? 0 : 1.0 / degree;
    }
  });
  return result;
}

template <class Visit>
void for_each_edge(const scattered& edges, std::size_t block, Visit&& visit) {
  for (const auto& one : edges)
    one->for_each_chunk(block, [&](std::span<const edge> chunk) {
      for (const auto& e : chunk)
        visit(e);
    });
}

/// A counting sort of one block's edges, whose places begin at `first`: all of it happens within the caches.
void build_block(graph& made, const scattered& edges, const blocks& parts, std::size_t block, std::uint32_t first) {
  const auto begin = parts.begin(block);
  std::vector<std::uint32_t> places(std::size_t{1} << parts.block_bits);
  for_each_edge(edges, block, [&](const edge& e) { ++places[e.to - begin]; });
  for (auto& place : places)
    first += std::exchange(place, first);
  std::copy_n(places.begin(), parts.begin(block + 1) - begin, &made.begins[begin]);
  for_each_edge(edges, block, [&](const edge& e) { made.sources[places[e.to - begin]++] = e.from; });
}

graph build(const huge_array<edge>& edges, const blocks& parts, unsigned threads) {
  graph made{huge_array<std::uint32_t>{parts.vertices + 1}, huge_array<std::uint32_t>{edges.size()},
             huge_array<double>{parts.vertices}};
  const auto by_block = scatter(edges, parts, threads, made.shares);
  std::vector<std::uint32_t> first(parts.count);
  std::size_t sum = 0;
  for (std::size_t b = 0; b < parts.count; ++b) {
    first[b] = static_cast<std::uint32_t>(sum);
    for (const auto& one : by_block)
      sum += one->rows(b);
  }
  made.begins[parts.vertices] = static_cast<std::uint32_t>(sum);
  parts.each(threads, [&](std::size_t b) { build_block(made, by_block, parts, b, first[b]); });
  return made;
}

/// What the sources at [at, end) give together; four sums, so that no addition waits for the one before.
double received(const graph& links, const double* given, std::size_t at, std::size_t end) {
  double a = 0, b = 0, c = 0, d = 0;
  for (; at + 4 <= end; at += 4) {
    a += given[links.sources[at]];
    b += given[links.sources[at + 1]];
    c += given[links.sources[at + 2]];
    d += given[links.sources[at + 3]];
  }
  for (; at < end; ++at)
    a += given[links.sources[at]];
  return (a + b) + (c + d);
}

outcome summary(const measuring& clock, const huge_array<double>& ranks) {
  double sum = 0, weighted = 0;
  for (std::size_t v = 0; v < ranks.size(); ++v) {
    sum += ranks[v];
    weighted += ranks[v] * static_cast<double>(v % 1000);
  }
  return clock.stop(std::to_string(ranks.size()) + " vertices", {sum, weighted, *std::ranges::max_element(ranks)});
}

} // namespace

outcome page_rank(const workload_config& config) {
  const blocks parts{config.scaled(graph_vertices)};
  const edge_source source{config.seed, parts.vertices};
  const auto edges = made_by<edge>(source, config.scaled(graph_edges));
  const measuring clock;
  const auto links = build(edges, parts, config.threads);
  huge_array<double> ranks{parts.vertices}, given{parts.vertices}, giving{parts.vertices};
  std::copy(links.shares.begin(), links.shares.end(), given.begin());
  for (unsigned iteration = 0; iteration < iterations; ++iteration) {
    parts.each(config.threads, [&](std::size_t block) {
      for (auto v = parts.begin(block); v < parts.begin(block + 1); ++v) {
        ranks[v] = 0.15 + 0.85 * received(links, given.data(), links.begins[v], links.begins[v + 1]);
        giving[v] = ranks[v] * links.shares[v];
      }
    });
    std::swap(given, giving);
  }
  return summary(clock, ranks);
}

} // namespace crema::bench::limit
