#include "dataflow/context.hpp"
#include "dataflow/inline_engine.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/plan/stage.hpp"

#include <gtest/gtest.h>

namespace crema::internal {

namespace {

/// A consumer that takes one block, and then no more until it is asked to.
class slow_consumer final : public emitter {
public:
  void emit(int, block_ptr records) override {
    rows += records->size();
    --credit;
    most_beyond = std::max(most_beyond, -credit);
  }
  bool blocked() const noexcept override { return credit <= 0; }

  int credit = 1;
  int most_beyond = 0;
  std::size_t rows = 0;
};

} // namespace

TEST(CombineSender, EmptiesAFullTableAsFastAsTheConsumerTakesIt) {
  constexpr std::int64_t keys = 300'000;
  const context ctx{config{}, make_inline_engine(1)};
  const auto counts = ctx.range(0, keys, 1, 1)
                        .map([](std::int64_t i) {
                          return std::pair{i, i};
                        })
                        .reduce_by_key(std::plus{});
  const auto& shuffle = dynamic_cast<const shuffle_base&>(*counts.node());
  const auto resources = std::make_shared<worker_resources>(std::size_t{2} << 20);
  const auto job = std::make_shared<const job_scope>(1, resources, std::make_shared<store_registry>());
  const auto sender = shuffle.sender(0).make(job, {1, 0, 0, 0});
  slow_consumer out;
  while (sender->step(out, std::chrono::steady_clock::time_point::max()) == step_result::more) {
    ASSERT_TRUE(out.blocked());
    out.credit = 1;
  }
  EXPECT_EQ(out.rows, static_cast<std::size_t>(keys));
  EXPECT_LE(out.most_beyond, 4);
}

} // namespace crema::internal
