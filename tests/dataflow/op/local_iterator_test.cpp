#include "tests/engines.hpp"

#include "dataflow/error.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/to_local_iterator.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace crema {
namespace {

using namespace crema::testing;

class LocalIterator : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, LocalIterator, engine_shapes(), engine_name);

/// Of functions that cannot leave this process, and of contexts: the travelling engine does not know its own.
class LocalIteratorHere : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, LocalIteratorHere, local_engine_shapes(), engine_name);

constexpr std::int64_t many = 20'000'000;

} // namespace

TEST_P(LocalIteratorHere, LetsGoOfEverythingWhenItIsLeft) {
  const auto token = std::make_shared<int>(1);
  {
    auto rows = ctx.range(0, many, 1, 4).map([token](std::int64_t i) { return i; }).to_local_iterator();
    EXPECT_EQ(*rows.begin(), 0);
  }
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(ctx.memory_used(), 0u);
}

TEST_P(LocalIterator, GoesThroughTheRecordsInOrder) {
  std::int64_t next = 0;
  for (const auto row : ctx.range(0, 100'000, 1, 3).sort_by(std::identity{}).to_local_iterator())
    ASSERT_EQ(row, next++);
  EXPECT_EQ(next, 100'000);
}

TEST_P(LocalIteratorHere, EndsWithItsContext) {
  auto rows = ctx.range(0, many, 1, 4).to_local_iterator();
  auto row = rows.begin();
  ctx.close();
  try {
    while (row != rows.end())
      ++row;
    FAIL() << "read to the end";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::context_closed);
  }
}

TEST_P(LocalIterator, MayBeReadBesideAnother) {
  auto evens = ctx.range(0, 300'000, 2, 3).to_local_iterator();
  auto odds = ctx.range(1, 300'000, 2, 2).to_local_iterator();
  auto odd = odds.begin();
  std::int64_t next = 0;
  for (const auto even : evens) {
    ASSERT_EQ(even, next++);
    ASSERT_EQ(*odd, next++);
    ++odd;
  }
  EXPECT_EQ(next, 300'000);
  EXPECT_TRUE(odd == odds.end());
}

} // namespace crema
