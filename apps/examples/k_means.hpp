#pragma once

#include "dataflow/block/boost_codec.hpp"
#include <crema/crema.hpp>

#include <boost/serialization/array.hpp>
#include <boost/serialization/vector.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace crema::examples {

/// A point in D dimensions.
template <std::size_t D>
using point = std::array<double, D>;

template <std::size_t D>
struct clustering {
  std::vector<point<D>> centres;
  /// How the last iteration found the points, before it moved the centres: how many were nearest to each centre, and
  /// the sum of the squared distances to it.
  std::vector<std::uint64_t> sizes;
  double cost = 0;
};

/// What one partition's points say: for each centre the sum and the number of the points nearest to it.
///
/// Points wait until there is a tile of them. All of these then look for their centres side by side: loops without a
/// branch, which the compiler turns into whatever vectors the processor has.
template <std::size_t D>
class nearest_sums {
public:
  static constexpr std::size_t tile = 64;

  nearest_sums() = default;
  explicit nearest_sums(broadcast<std::vector<point<D>>> centres)
      : centres_{centres}, sums_(centres_->size()), sizes_(centres_->size()) {
    find_terms();
  }

  void add(const point<D>& one) {
    points_[waiting_] = one;
    if (++waiting_ == tile)
      assign();
  }

  void add(nearest_sums other) {
    assign();
    other.assign();
    for (std::size_t c = 0; c != sums_.size(); ++c) {
      for (std::size_t d = 0; d != D; ++d)
        sums_[c][d] += other.sums_[c][d];
      sizes_[c] += other.sizes_[c];
    }
    for (std::size_t i = 0; i != tile; ++i)
      costs_[i] += other.costs_[i];
  }

  /// The centres moved to the middle of their points; one without points stays where it is.
  clustering<D> take() {
    assign();
    auto moved = *centres_;
    for (std::size_t c = 0; c != moved.size(); ++c)
      for (std::size_t d = 0; sizes_[c] != 0 && d != D; ++d)
        moved[c][d] = sums_[c][d] / static_cast<double>(sizes_[c]);
    return {std::move(moved), std::move(sizes_), std::accumulate(costs_.begin(), costs_.end(), 0.0)};
  }

  /// As a partition's result goes to another process: without waiting points, and without what the centres say.
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if (waiting_ != 0)
      assign();
    archive& centres_& sums_& sizes_& costs_;
    find_terms();
  }

private:
  template <class T>
  using tile_of = std::array<T, tile>;

  void find_terms() {
    terms_.clear();
    const auto from = origin();
    for (const auto& centre : *centres_) {
      auto& [square, factors] = terms_.emplace_back();
      for (std::size_t d = 0; d != D; ++d) {
        const auto from_origin = centre[d] - from[d];
        square += from_origin * from_origin;
        factors[d] = -2 * from_origin;
      }
    }
  }

  /// Finds the nearest centres of all waiting points, and adds the points to them.
  void assign() {
    std::array<tile_of<double>, D> by_dimension;
    const auto from = origin();
    for (std::size_t i = 0; i != tile; ++i)
      for (std::size_t d = 0; d != D; ++d)
        by_dimension[d][i] = points_[i][d] - from[d];
    tile_of<std::int64_t> nearest;
    tile_of<double> least;
    find_nearest(by_dimension, nearest, least);
    for (std::size_t i = 0; i != waiting_; ++i) {
      const auto c = static_cast<std::size_t>(nearest[i]);
      auto sum = sums_[c]; // a copy, because nothing else can be changed through it
      for (std::size_t d = 0; d != D; ++d)
        sum[d] += points_[i][d];
      sums_[c] = sum;
      ++sizes_[c];
      costs_[i] += least[i];
    }
    waiting_ = 0;
  }

  /// Where the points are measured from: near them, so that their squares are not much larger than the distances.
  const point<D>& origin() const { return centres_->front(); }

  /// |p - c|^2 is |p|^2 + |c|^2 - 2pc, of which all centres share the first.
  void find_nearest(const std::array<tile_of<double>, D>& points, tile_of<std::int64_t>& nearest,
                    tile_of<double>& least) const {
    least.fill(std::numeric_limits<double>::infinity());
    nearest.fill(0);
    for (std::size_t c = 0; c != terms_.size(); ++c) {
      const auto [square, factors] = terms_[c];
      for (std::size_t i = 0; i != tile; ++i) {
        double score = square;
        for (std::size_t d = 0; d != D; ++d)
          score += points[d][i] * factors[d];
        const auto nearer = score < least[i] ? static_cast<std::int64_t>(c) : nearest[i];
        least[i] = std::min(score, least[i]);
        nearest[i] = nearer;
      }
    }
    for (std::size_t i = 0; i != tile; ++i) {
      double square = 0;
      for (std::size_t d = 0; d != D; ++d)
        square += points[d][i] * points[d][i];
      least[i] = std::max(least[i] + square, 0.0); // below by rounding
    }
  }

  /// What a centre adds to the distances: |c|^2 and -2c.
  struct terms {
    double square = 0;
    point<D> factors{};
  };

  broadcast<std::vector<point<D>>> centres_;
  std::vector<terms> terms_;
  std::vector<point<D>> sums_;
  std::vector<std::uint64_t> sizes_;
  std::array<double, tile> costs_{};
  std::size_t waiting_ = 0;
  std::array<point<D>, tile> points_{};
};

/// Moves `centres` to the middle of the points nearest to each, again and again: at most `iterations` times, less when
/// nothing moves any more. Of centres that are equally near the first counts. Every iteration reads all points, so
/// `points` should be cached. Centres are one at least. After Lloyd (1982).
///
///     auto points = ctx.text_file("points.txt").map(parse_point<8>{}).cache();
///     auto found = k_means(ctx, points, random_points(points, 16, seed), 10);
template <std::size_t D, class Node>
clustering<D> k_means(const context& ctx, const rdd<point<D>, Node>& points, std::vector<point<D>> centres,
                      int iterations) {
  if (centres.empty())
    throw error{errc::invalid_argument, "k_means: no centres to begin with"};
  clustering<D> found{std::move(centres), {}, 0};
  found.sizes.resize(found.centres.size());
  for (int i = 0; i != iterations; ++i) {
    auto sums = points.aggregate(
      nearest_sums<D>{ctx.broadcast(found.centres)},
      [](nearest_sums<D>& so_far, const point<D>& one) { so_far.add(one); },
      [](nearest_sums<D> a, nearest_sums<D> b) {
        a.add(std::move(b));
        return a;
      });
    auto next = sums.take();
    const bool moved = next.centres != found.centres;
    found = std::move(next);
    if (!moved)
      break;
  }
  return found;
}

/// `k` of the points, the same for the same seed and points however they are partitioned. Points that are fewer are
/// invalid_argument.
template <std::size_t D, class Node>
std::vector<point<D>> random_points(const rdd<point<D>, Node>& points, std::size_t k, std::uint64_t seed) {
  const auto drawn = points.zip_with_index().take_ordered(static_cast<std::int64_t>(k), [seed](const auto& numbered) {
    return mix64(mix64(seed) ^ static_cast<std::uint64_t>(numbered.second));
  });
  if (drawn.size() < k)
    throw error{errc::invalid_argument,
                "k_means: " + std::to_string(k) + " centres of only " + std::to_string(drawn.size()) + " points"};
  std::vector<point<D>> chosen;
  chosen.reserve(k);
  for (const auto& [one, index] : drawn)
    chosen.push_back(one);
  return chosen;
}

} // namespace crema::examples
