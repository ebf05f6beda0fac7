#include "dataflow/plan/union_parts.hpp"

#include "tests/engines.hpp"

#include "dataflow/error.hpp"
#include "dataflow/op/parallelize.hpp"
#include "dataflow/op/union_with.hpp"
#include "dataflow/plan/context_state.hpp"

#include <gmock/gmock.h>

namespace crema::internal {
namespace {

using place = node::place;

class UnionParts : public ::testing::Test {
protected:
  static job_scope job_of(const context& ctx) {
    const auto& state = *ctx.empty<long>().node()->context();
    return job_scope{1, state.resources(), state.caches()};
  }

  /// A dataset of `partitions` partitions.
  rdd<long> source(int partitions) const { return ctx.parallelize(std::vector<long>(100), partitions); }

  /// What a step of the plan up from partition `p` of `data` leads to.
  std::pair<const node*, int> step(const rdd<long>& data, int p) const {
    std::vector<place> inputs;
    data.node()->inputs(job, p, inputs);
    EXPECT_EQ(inputs.size(), 1u);
    const auto up = data.node()->upstream(job, p);
    EXPECT_EQ(up.at, inputs.front().at);
    EXPECT_EQ(up.partition, inputs.front().partition);
    return {up.at, up.partition};
  }

  context ctx = crema::testing::make_context({"inline engine", 0});
  job_scope job = job_of(ctx);
};

TEST_F(UnionParts, AreInTheOrderOfTheUnion) {
  const auto a = source(2), b = source(1), c = source(3);
  const auto all = a.union_with(ctx.empty<long>()).union_with(b.union_with(c)).union_with(a);
  const std::pair<const node*, int> expected[] = {{a.node().get(), 0}, {a.node().get(), 1}, {b.node().get(), 0},
                                                  {c.node().get(), 0}, {c.node().get(), 1}, {c.node().get(), 2},
                                                  {a.node().get(), 0}, {a.node().get(), 1}};
  ASSERT_EQ(all.num_partitions(), 8);
  for (int p = 0; p != 8; ++p)
    EXPECT_EQ(step(all, p), expected[p]) << p;
  EXPECT_THROW(all.node()->upstream(job, 8), error);
}

TEST_F(UnionParts, AreOneStepAwayHoweverManyUnionsThereAre) {
  const auto one = source(1), two = source(2);
  rdd<long> left = one, right = one;
  for (int i = 0; i != 10'000; ++i) {
    left = left.union_with(two);
    right = two.union_with(right);
  }
  for (int p = 0; p != 20'001; ++p) {
    ASSERT_EQ(step(left, p).first, p == 0 ? one.node().get() : two.node().get()) << p;
    ASSERT_EQ(step(right, p).first, p == 20'000 ? one.node().get() : two.node().get()) << p;
  }
}

TEST_F(UnionParts, EndWhereAUnionIsStored) {
  const auto a = source(2);
  const auto kept = a.union_with(a);
  const auto all = a.union_with(kept).union_with(a);
  job.share(*kept.node());
  EXPECT_EQ(step(all, 1), std::pair(static_cast<const node*>(a.node().get()), 1));
  EXPECT_EQ(step(all, 2), std::pair(static_cast<const node*>(kept.node().get()), 0));
  EXPECT_EQ(step(all, 5), std::pair(static_cast<const node*>(kept.node().get()), 3));
  EXPECT_EQ(step(all, 6), std::pair(static_cast<const node*>(a.node().get()), 0));
  EXPECT_EQ(step(kept, 3), std::pair(static_cast<const node*>(a.node().get()), 1)) << "the task that fills the store";
}

} // namespace
} // namespace crema::internal
