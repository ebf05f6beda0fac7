#include "apps/examples/k_means.hpp"
#include "apps/examples/point_file.hpp"

#include "tests/engines.hpp"

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace crema::examples {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

template <std::size_t D>
std::vector<point<D>> random_cloud(unsigned seed, int count) {
  std::mt19937 random{seed};
  std::normal_distribution<double> spread;
  std::vector<point<D>> points(static_cast<std::size_t>(count));
  for (auto& one : points)
    for (auto& x : one)
      x = spread(random) + static_cast<double>(random() % 3) * 10;
  return points;
}

template <std::size_t D>
std::size_t nearest(const std::vector<point<D>>& centres, const point<D>& one, double& least) {
  std::size_t found = 0;
  least = 1e300;
  for (std::size_t c = 0; c != centres.size(); ++c) {
    double distance = 0;
    for (std::size_t d = 0; d != D; ++d)
      distance += (one[d] - centres[c][d]) * (one[d] - centres[c][d]);
    if (distance < least) {
      least = distance;
      found = c;
    }
  }
  return found;
}

template <std::size_t D>
clustering<D> naively(const std::vector<point<D>>& points, std::vector<point<D>> centres, int iterations) {
  clustering<D> result{centres, {}, 0};
  for (int i = 0; i != iterations; ++i) {
    std::vector<point<D>> sums(centres.size());
    result.sizes.assign(centres.size(), 0);
    result.cost = 0;
    for (const auto& one : points) {
      double least = 0;
      const auto c = nearest(result.centres, one, least);
      for (std::size_t d = 0; d != D; ++d)
        sums[c][d] += one[d];
      ++result.sizes[c];
      result.cost += least;
    }
    for (std::size_t c = 0; c != centres.size(); ++c)
      for (std::size_t d = 0; d != D && result.sizes[c] != 0; ++d)
        result.centres[c][d] = sums[c][d] / static_cast<double>(result.sizes[c]);
  }
  return result;
}

class k_means_of : public testing::on_every_engine {
protected:
  template <std::size_t D>
  void expect_naive(const std::vector<point<D>>& points, const std::vector<point<D>>& centres, int iterations,
                    int partitions) {
    const auto found = k_means(ctx, ctx.parallelize(points, partitions).cache(), centres, iterations);
    const auto expected = naively(points, centres, iterations);
    EXPECT_EQ(found.sizes, expected.sizes);
    EXPECT_NEAR(found.cost, expected.cost, 1e-9 * expected.cost);
    for (std::size_t c = 0; c != centres.size(); ++c)
      EXPECT_THAT(found.centres[c], Pointwise(DoubleNear(1e-9), expected.centres[c]));
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, k_means_of, testing::engine_shapes(), testing::engine_name);

TEST_P(k_means_of, AgreesWithANaiveLoop) {
  const auto points = random_cloud<8>(1, 3'000);
  for (const int partitions : {1, 3, 64})
    expect_naive<8>(points, {points.begin(), points.begin() + 16}, 5, partitions);
}

TEST_P(k_means_of, TakesAnyNumberOfPointsAndCentres) {
  for (const int n : {1, 63, 64, 65, 128, 200})
    for (const int k : {1, 3}) {
      const auto points = random_cloud<2>(static_cast<unsigned>(n), n);
      expect_naive<2>(points, random_cloud<2>(99, k), 3, 2);
    }
}

TEST_P(k_means_of, LeavesACentreWithoutPointsWhereItIs) {
  const auto found = k_means<2>(ctx, ctx.parallelize<point<2>>({{0, 0}, {2, 2}}), {{1, 0}, {50, 60}}, 4);
  EXPECT_THAT(found.centres, ElementsAre(point<2>{1, 1}, point<2>{50, 60}));
  EXPECT_THAT(found.sizes, ElementsAre(2, 0));
}

TEST_P(k_means_of, StaysWithTheFirstOfEqualCentres) {
  const auto found = k_means<2>(ctx, ctx.parallelize<point<2>>({{0, 0}}), {{1, 0}, {-1, 0}, {0, 1}}, 1);
  EXPECT_THAT(found.sizes, ElementsAre(1, 0, 0));
}

TEST_P(k_means_of, MovesNothingWithoutPointsOrIterations) {
  EXPECT_THAT(k_means<2>(ctx, ctx.empty<point<2>>(), {{1, 2}}, 3).centres, ElementsAre(point<2>{1, 2}));
  EXPECT_THAT(k_means<2>(ctx, ctx.parallelize<point<2>>({{0, 0}}), {{1, 2}}, 0).centres, ElementsAre(point<2>{1, 2}));
  EXPECT_THROW(k_means<2>(ctx, ctx.parallelize<point<2>>({{0, 0}}), {}, 1), error);
}

TEST_P(k_means_of, BeginsWithDistinctPointsThatTheSeedChooses) {
  const auto cloud = random_cloud<4>(5, 500);
  const auto chosen = [&](int partitions, std::uint64_t seed) {
    return random_points(ctx.parallelize(cloud, partitions), 20, seed);
  };
  const auto once = chosen(1, 3);
  EXPECT_EQ(once, chosen(7, 3));
  EXPECT_NE(once, chosen(1, 4));
  EXPECT_EQ(std::set(once.begin(), once.end()).size(), 20U);
  EXPECT_THROW(random_points(ctx.parallelize(cloud), 501, 3), error);
}

TEST(PointFile, ReadsNumbersBetweenBlanksAndCommas) {
  EXPECT_EQ(parse_point<4>{3}(" 1,-2.5e1\t 3 "), (point<4>{1, -25, 3, 0}));
  EXPECT_EQ(parse_point<2>{}("1 , 2"), (point<2>{1, 2}));
  EXPECT_EQ(count_numbers("1 2,3"), 3U);
}

TEST(PointFile, RefusesALineThatIsNoPoint) {
  for (const auto* line : {"1", "1 2 3", "1,,2", "1 2,", ",1 2", "1 x", "1 2x", "1 nan", "1 inf", "1 1e999", ""})
    EXPECT_THROW(parse_point<2>{}(line), error) << line;
}

} // namespace
} // namespace crema::examples
