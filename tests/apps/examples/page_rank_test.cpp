#include "apps/examples/edge_file.hpp"
#include "apps/examples/page_rank.hpp"

#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/engines.hpp"

#include <gmock/gmock.h>

#include <numeric>

namespace crema::examples {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

std::vector<edge> random_edges(std::uint64_t seed, std::uint32_t vertices, std::int64_t count) {
  std::vector<edge> edges;
  for (std::int64_t i = 0; i != count; ++i)
    edges.push_back(random_edge{seed, vertices}(i));
  return edges;
}

/// The formula, edge by edge.
std::vector<double> naively(const std::vector<edge>& edges, std::uint32_t vertices,
                            const page_rank_settings& settings) {
  std::vector<double> degree(vertices), ranks(vertices, 1.0 / vertices);
  for (const auto& [from, to] : edges)
    ++degree[from];
  for (int i = 0; i != settings.iterations; ++i) {
    double lost = 0;
    for (std::uint32_t v = 0; v != vertices; ++v)
      lost += degree[v] == 0 && settings.keep_sum ? ranks[v] : 0;
    std::vector<double> next(vertices, (1 - settings.damping + settings.damping * lost) / vertices);
    for (const auto& [from, to] : edges)
      next[to] += settings.damping * ranks[from] / degree[from];
    ranks = next;
  }
  return ranks;
}

class page_rank_of : public testing::on_every_engine {
protected:
  std::vector<double> ranks(const std::vector<edge>& edges, std::uint32_t vertices,
                            const page_rank_settings& settings = {}) {
    return page_rank(ctx, make_graph(ctx.parallelize(edges, 3), vertices), settings);
  }

  void expect_naive(const std::vector<edge>& edges, std::uint32_t vertices, const page_rank_settings& settings = {}) {
    EXPECT_THAT(ranks(edges, vertices, settings), Pointwise(DoubleNear(1e-12), naively(edges, vertices, settings)));
  }

  testing::temporary_directory directory;
};
INSTANTIATE_TEST_SUITE_P(Engines, page_rank_of, testing::engine_shapes(), testing::engine_name);

TEST_P(page_rank_of, AgreesWithTheFormula) {
  expect_naive(random_edges(1, 5'000, 40'000), 5'000);
}

TEST_P(page_rank_of, SpansManySlices) {
  ASSERT_GT(slicing{300'000}.count(), 64);
  expect_naive(random_edges(2, 300'000, 50'000), 300'000, {2, 0.5, true});
}

TEST_P(page_rank_of, TakesAnyDampingAndNumberOfIterations) {
  const auto edges = random_edges(3, 50, 100);
  for (const auto& settings : {page_rank_settings{0, 0.85, true},
                               {1, 0.85, true},
                               {30, 0.5, true},
                               {3, 1, true},
                               {3, 0, true},
                               {10, 0.85, false}})
    expect_naive(edges, 50, settings);
}

TEST_P(page_rank_of, KeepsTheSumWithDanglingVertices) {
  const auto found = ranks({{0, 1}, {0, 2}, {1, 2}}, 5);
  EXPECT_NEAR(std::accumulate(found.begin(), found.end(), 0.0), 1, 1e-12);
}

TEST_P(page_rank_of, CountsEqualEdgesAndLoops) {
  expect_naive({{0, 1}, {0, 1}, {0, 0}, {1, 0}, {2, 2}}, 3);
}

TEST_P(page_rank_of, GivesAllVerticesOfAGraphWithoutEdgesTheSame) {
  EXPECT_THAT(ranks({}, 4), ElementsAre(0.25, 0.25, 0.25, 0.25));
}

TEST_P(page_rank_of, RefusesAVertexThatIsNotThere) {
  try {
    ranks({{0, 1}, {1, 7}}, 7);
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_THAT(e.what(), HasSubstr("from 1 to 7, but there are only 7 vertices"));
  }
}

TEST_P(page_rank_of, NumbersTheVerticesThatAFileNames) {
  for (const auto* big : {"9", "18446744073709551615"}) {
    const auto read =
      read_edges(ctx, directory.file("a", std::string{"# from to\n5 "} + big + "\n\n  " + big + "\t5 \r\n7 5\n"));
    ASSERT_EQ(read.numbers->size(), 3U);
    EXPECT_EQ(read.numbers->number(2), std::stoull(big));
    EXPECT_THAT(read.edges.collect(), ElementsAre(edge{0, 2}, edge{2, 0}, edge{1, 0}));
  }
}

TEST(EdgeFile, RefusesALineThatIsNoEdge) {
  for (const auto* line : {"1", "1 2 3", "1,2", "a b", "1 -2", "1 2x", "12 ", "1 18446744073709551616"})
    EXPECT_THROW(parse_edge(line), error) << line;
  EXPECT_EQ(parse_edge(" 1 \t 2\t"), (std::pair<std::uint64_t, std::uint64_t>{1, 2}));
}

TEST(Slicing, CoversAllVertices) {
  for (const std::uint32_t n : {1U, 2U, 1023U, 1024U, 1025U, 131'072U, 131'073U, 1'000'000U, 4'294'967'295U}) {
    const slicing into{n};
    ASSERT_GE(into.count(), 1);
    ASSERT_LE(into.count(), 128);
    std::uint64_t sum = 0;
    for (int s = 0; s != into.count(); ++s) {
      EXPECT_EQ(into.begin(s), sum);
      sum += into.size(s);
    }
    EXPECT_EQ(sum, n);
  }
}

} // namespace
} // namespace crema::examples
