#include "apps/bench/naive/programs.hpp"

#include "apps/bench/inputs.hpp"

#include <algorithm>
#include <fstream>
#include <unordered_map>

namespace crema::bench::naive {

namespace {

bool in_word(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c > 127;
}

outcome reduce(const workload_config& config, std::size_t keys) {
  const pair_source source{config.seed, config.scaled(keys)};
  std::unordered_map<std::uint64_t, std::uint64_t> sums;
  for (std::size_t i = 0; i < config.scaled(reduce_rows); ++i) {
    const auto [key, value] = source(i);
    sums[key] += value;
  }
  bag_digest digest;
  for (const auto& [key, sum] : sums)
    digest.add(sum, pair_hash(key, sum));
  return {0, 0, 0, digest.text(), {}};
}

double distance(const point& a, const point& b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d)
    sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

std::vector<point> moved_centres(const std::vector<point>& points, const std::vector<point>& centres) {
  std::vector<point> sums(centre_count, point{});
  std::vector<double> counts(centre_count);
  for (const auto& p : points) {
    const auto nearest = static_cast<std::size_t>(
      std::ranges::min_element(centres, {}, [&](const point& c) { return distance(p, c); }) - centres.begin());
    for (std::size_t d = 0; d < p.size(); ++d)
      sums[nearest][d] += p[d];
    ++counts[nearest];
  }
  for (std::size_t k = 0; k < centre_count; ++k)
    for (std::size_t d = 0; d < sums[k].size(); ++d)
      sums[k][d] = counts[k] == 0 ? centres[k][d] : sums[k][d] / counts[k];
  return sums;
}

} // namespace

outcome word_count(const workload_config& config) {
  std::ifstream file{text_file(config)};
  std::unordered_map<std::string, std::uint64_t> counts;
  std::string word;
  for (char c = 0; file.get(c);) {
    if (in_word(static_cast<unsigned char>(c)))
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    else if (!word.empty())
      ++counts[std::exchange(word, {})];
  }
  if (!word.empty())
    ++counts[word];
  bag_digest digest;
  for (const auto& [text, count] : counts)
    digest.add(count, word_hash(text, count));
  return {0, 0, 0, digest.text(), {}};
}

outcome range(const workload_config& config) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(config.scaled(range_rows)); ++i)
    if (const auto mapped = mapping{}(i); keeping{}(mapped))
      sum += mapped;
  return {0, 0, 0, std::to_string(sum), {}};
}

outcome reduce_few(const workload_config& config) {
  return reduce(config, reduce_few_keys);
}

outcome reduce_many(const workload_config& config) {
  return reduce(config, reduce_many_keys);
}

outcome sort(const workload_config& config) {
  const number_source source{config.seed};
  std::vector<std::uint64_t> numbers(config.scaled(sort_rows));
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = source(i);
  std::ranges::sort(numbers);
  sequence_digest digest;
  for (const auto number : numbers)
    digest.add(number);
  return {0, 0, 0, digest.text(), {}};
}

outcome tera_sort(const workload_config& config) {
  const record_source source{config.seed};
  std::vector<record> records;
  for (std::size_t i = 0; i < config.scaled(tera_rows); ++i)
    records.push_back(source(i));
  std::ranges::stable_sort(records, {}, &record::key);
  sequence_digest digest;
  for (const auto& r : records)
    digest.add(r.number());
  return {0, 0, 0, digest.text(), {}};
}

outcome join(const workload_config& config) {
  const auto rows = config.scaled(join_rows);
  const pair_source left{config.seed, rows};
  const pair_source right{config.seed + 1, rows};
  std::unordered_multimap<std::uint64_t, std::uint64_t> table;
  for (std::size_t i = 0; i < rows; ++i)
    table.insert(left(i));
  bag_digest digest;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto [key, value] = right(i);
    for (auto [at, end] = table.equal_range(key); at != end; ++at)
      digest.add(at->second + value, join_hash(key, at->second, value));
  }
  return {0, 0, 0, digest.text(), {}};
}

outcome page_rank(const workload_config& config) {
  const auto vertices = config.scaled(graph_vertices);
  const edge_source source{config.seed, vertices};
  std::vector<edge> edges;
  for (std::size_t i = 0; i < config.scaled(graph_edges); ++i)
    edges.push_back(source(i));
  std::vector<double> degree(vertices), rank(vertices, 1);
  for (const auto& e : edges)
    ++degree[e.from];
  for (unsigned iteration = 0; iteration < iterations; ++iteration) {
    std::vector<double> next(vertices, 0.15);
    for (const auto& e : edges)
      next[e.to] += 0.85 * rank[e.from] / degree[e.from];
    rank = std::move(next);
  }
  double sum = 0, weighted = 0;
  for (std::size_t v = 0; v < vertices; ++v) {
    sum += rank[v];
    weighted += rank[v] * static_cast<double>(v % 1000);
  }
  return {0, 0, 0, std::to_string(vertices) + " vertices", {sum, weighted, std::ranges::max(rank)}};
}

outcome k_means(const workload_config& config) {
  const point_source source{config.seed};
  std::vector<point> points;
  for (std::size_t i = 0; i < config.scaled(point_rows); ++i)
    points.push_back(source(i));
  std::vector<point> centres(points.begin(), points.begin() + centre_count);
  for (unsigned iteration = 0; iteration < iterations; ++iteration)
    centres = moved_centres(points, centres);
  outcome result{0, 0, 0, std::to_string(points.size()) + " points", {}};
  for (const auto& centre : centres)
    result.values.insert(result.values.end(), centre.begin(), centre.end());
  return result;
}

} // namespace crema::bench::naive
