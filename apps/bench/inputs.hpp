#pragma once

#include "apps/bench/digest.hpp"
#include "apps/bench/workload.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>

/// The inputs of every workload, each a pure function of a row's index, so that both halves make the same ones.
///
///     const pair_source pairs{config.seed, 1'000'000};
///     ctx.range(rows).map(pairs).reduce_by_key(std::plus{});
///
/// The small sources are inline because they are part of the timed loop; the wide ones are made before the clock
/// starts.
namespace crema::bench {

/// Random number `index` of the sequence `seed`.
constexpr std::uint64_t random_at(std::uint64_t seed, std::uint64_t index) {
  return mix(mix(seed) + index * 0x9e3779b97f4a7c15U);
}

/// A random number below `bound` (at most 2^32), without a division.
constexpr std::uint64_t scaled_to(std::uint64_t random, std::uint64_t bound) {
  return ((random >> 32) * bound) >> 32;
}

// -- map, filter, reduce ----------------------------------------------------------------------------------------------

struct mapping {
  constexpr std::int64_t operator()(std::int64_t x) const { return (x * 5) ^ (x >> 7); }
};

struct keeping {
  constexpr bool operator()(std::int64_t x) const { return (x & 6) != 2; }
};

// -- reduce_by_key, join, sort ----------------------------------------------------------------------------------------

/// Pairs with about `keys` (below 2^32) different keys, spread over all of 64 bits; the value is a small number.
struct pair_source {
  std::uint64_t seed;
  std::uint64_t keys;

  constexpr std::pair<std::uint64_t, std::uint64_t> operator()(std::uint64_t index) const {
    const auto random = random_at(seed, index);
    return {(scaled_to(random, keys) + 1) * 0x9e3779b97f4a7c15U, random & 0xff};
  }
};

/// Random numbers.
struct number_source {
  std::uint64_t seed;

  constexpr std::uint64_t operator()(std::uint64_t index) const { return random_at(seed, index); }
};

// -- tera_sort --------------------------------------------------------------------------------------------------------

struct record {
  std::array<unsigned char, 10> key;
  std::array<unsigned char, 90> value;

  /// A number that stands for the record in a digest.
  std::uint64_t number() const;
};
static_assert(sizeof(record) == 100);

struct record_source {
  std::uint64_t seed;

  record operator()(std::uint64_t index) const;
};

// -- page_rank --------------------------------------------------------------------------------------------------------

/// rank = 0.15 + 0.85 * (sum of rank / out-degree over the edges that arrive); all vertices start with rank 1.
struct edge {
  std::uint32_t from;
  std::uint32_t to;
};

/// Edges from uniform to skewed vertices: the most popular one in a million has one edge in a hundred.
struct edge_source {
  std::uint64_t seed;
  std::uint64_t vertices;

  edge operator()(std::uint64_t index) const;
};

// -- k_means ----------------------------------------------------------------------------------------------------------

using point = std::array<double, 8>;

inline constexpr unsigned centre_count = 16;

/// Points around 16 places. The first centres of a run are points 0 to 15.
struct point_source {
  std::uint64_t seed;

  point operator()(std::uint64_t index) const;
};

// -- word_count -------------------------------------------------------------------------------------------------------

/// The file with the text, made at the first call: lines of about ten words, Zipf-distributed over a vocabulary of
/// scaled(1M) words. The second call only reads it once, so that it is in the page cache.
std::string text_file(const workload_config& config);

/// Where that file is or will be. What already lies there is taken for it.
std::string text_path(const workload_config& config);

// -- sizes at scale 1 -------------------------------------------------------------------------------------------------

inline constexpr std::size_t text_bytes = 400'000'000;
inline constexpr std::size_t text_words = 1'000'000;
inline constexpr std::size_t range_rows = 500'000'000;
inline constexpr std::size_t reduce_rows = 50'000'000;
inline constexpr std::size_t reduce_few_keys = 1'000'000;
inline constexpr std::size_t reduce_many_keys = 10'000'000;
inline constexpr std::size_t sort_rows = 50'000'000;
inline constexpr std::size_t tera_rows = 5'000'000;
inline constexpr std::size_t join_rows = 10'000'000;
inline constexpr std::size_t graph_vertices = 1'000'000;
inline constexpr std::size_t graph_edges = 16'000'000;
inline constexpr std::size_t point_rows = 5'000'000;
inline constexpr unsigned iterations = 10;

} // namespace crema::bench
