#pragma once

#include "apps/examples/page_rank.hpp"
#include "dataflow/block/boost_codec.hpp"

#include <algorithm>
#include <array>
#include <boost/serialization/vector.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The graphs that the page_rank program reads or makes.

namespace crema::examples {

/// The numbers of a line "from<blanks or tab>to". Anything else is invalid_argument, with the line.
inline std::pair<std::uint64_t, std::uint64_t> parse_edge(std::string_view line) {
  std::pair<std::uint64_t, std::uint64_t> ends;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  const char* at = line.data();
  const char* const end = at + line.size();
  bool good = true;
  for (auto* number : {&ends.first, &ends.second}) {
    const char* const gap = at;
    at = std::find_if_not(at, end, blank);
    good = good && (number == &ends.first || at != gap);
    const auto [stop, problem] = std::from_chars(at, end, *number);
    good = good && problem == std::errc{};
    at = stop;
  }
  if (!good || std::find_if_not(at, end, blank) != end)
    throw error{errc::invalid_argument,
                "not an edge: \"" + std::string{line.substr(0, 100)} + "\"; expected two vertex numbers, from and to"};
  return ends;
}

/// Vertices by the numbers that a file gives them: the i-th smallest is vertex i.
class vertex_numbers {
public:
  vertex_numbers() = default;
  explicit vertex_numbers(std::vector<std::uint64_t> numbers) : numbers_{std::move(numbers)} {
    std::sort(numbers_.begin(), numbers_.end());
    if (numbers_.size() > std::numeric_limits<std::uint32_t>::max())
      throw error{errc::unsupported, "page_rank: a graph of more than 2^32 - 1 vertices"};
    if (numbers_.empty() || numbers_.back() / 8 > numbers_.size())
      return;
    vertices_.resize(numbers_.back() + 1); // dense enough for a table
    for (std::uint32_t v = 0; v != numbers_.size(); ++v)
      vertices_[numbers_[v]] = v;
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(numbers_.size()); }
  std::uint64_t number(std::uint32_t vertex) const { return numbers_[vertex]; }
  /// The vertex with a number that exists.
  std::uint32_t vertex(std::uint64_t number) const {
    if (!vertices_.empty())
      return vertices_[number];
    return static_cast<std::uint32_t>(std::lower_bound(numbers_.begin(), numbers_.end(), number) - numbers_.begin());
  }

  /// For a broadcast to other processes.
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& numbers_& vertices_;
  }

private:
  std::vector<std::uint64_t> numbers_;
  std::vector<std::uint32_t> vertices_;
};

/// The edges of text files, one a line; lines that are empty or begin with '#' are none. The vertices are those that
/// occur.
struct numbered_edges {
  broadcast<vertex_numbers> numbers;
  rdd<edge> edges;
};

/// Runs a job that looks for the vertices. The files are then read once more: parsing is cheaper than keeping.
inline numbered_edges read_edges(const context& ctx, const std::string& uris) {
  const auto parsed = ctx.text_file(uris)
                        .filter([](std::string_view line) {
                          const auto begin = line.find_first_not_of(" \t");
                          return begin != line.npos && line[begin] != '#';
                        })
                        .map([](std::string_view line) { return parse_edge(line); });
  const auto ends = [](const auto& one) { return std::array{one.first, one.second}; };
  const auto numbers = ctx.broadcast(vertex_numbers{parsed.flat_map(ends).distinct().collect()});
  return {numbers, parsed.map([numbers](const auto& one) {
            return edge{numbers->vertex(one.first), numbers->vertex(one.second)};
          })};
}

/// Random edge number `index`: from any vertex to mostly popular ones, the same for the same seed.
struct random_edge {
  std::uint64_t seed;
  std::uint32_t vertices;

  edge operator()(std::int64_t index) const {
    const auto random = mix64(mix64(seed + 1) + static_cast<std::uint64_t>(index) * 0x9e3779b97f4a7c15U);
    const auto skewed = static_cast<double>(random >> 32) / 4294967296.0;
    const auto from = (mix64(random) >> 32) * vertices >> 32;
    return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(skewed * skewed * vertices)};
  }
};

} // namespace crema::examples
