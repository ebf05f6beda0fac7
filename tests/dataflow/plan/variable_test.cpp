#include "dataflow/plan/variable.hpp"

#include "dataflow/context.hpp"
#include "dataflow/error.hpp"
#include "dataflow/inline_engine.hpp"
#include "tests/engines.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <set>
#include <thread>
#include <type_traits>

namespace crema {
namespace {

using namespace crema::internal;
using namespace crema::testing;
using longs = std::vector<long>;

static_assert(sizeof(broadcast<std::string>) == 8 && std::is_trivially_copyable_v<broadcast<std::string>>);
static_assert(sizeof(accumulator<std::string>) == 8 && std::is_trivially_copyable_v<accumulator<std::string>>);

/// An engine that notes what it is told to forget.
class forgetful final : public engine {
public:
  explicit forgetful(std::vector<std::uint64_t>& forgotten) : forgotten_{forgotten} {}
  int threads() const noexcept override { return 1; }
  void start(std::shared_ptr<job_run>) override {}
  void cancel(const std::shared_ptr<job_run>&) override {}
  void run_all(int, const std::function<void(int)>&) override {}
  void forget(std::uint64_t id) noexcept override { forgotten_.push_back(id); }

private:
  std::vector<std::uint64_t>& forgotten_;
};

template <class Use>
std::optional<errc> failure_of(Use use) {
  try {
    use();
    return {};
  } catch (const error& e) {
    return e.code();
  }
}

TEST(SharedVariables, LiveUntilTheirContextIsClosed) {
  context ctx = make_context({"inline", 0});
  const auto table = ctx.broadcast(longs{1, 2});
  const auto sum = ctx.accumulator(0L);
  sum.add(3);
  EXPECT_EQ(table->at(1), 2);
  EXPECT_EQ(sum.value(), 3);
  ctx.close();
  EXPECT_EQ(failure_of([&] { table.value(); }), errc::context_closed);
  EXPECT_EQ(failure_of([&] { sum.value(); }), errc::context_closed);
  EXPECT_EQ(failure_of([&] { sum.add(1); }), errc::context_closed);
}

TEST(SharedVariables, OfOneContextOutliveAnother) {
  const context ctx = make_context({"inline", 0});
  const auto mine = ctx.broadcast(longs{1});
  make_context({"inline", 0}).broadcast(longs{2});
  EXPECT_EQ(mine->front(), 1);
}

TEST(SharedVariables, AreGoneForEveryHandleOnceDestroyed) {
  const context ctx = make_context({"inline", 0});
  const auto alive = std::make_shared<int>(1);
  const auto first = ctx.broadcast(alive);
  const auto copy = first;
  EXPECT_EQ(alive.use_count(), 2);
  first.destroy();
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_EQ(failure_of([&] { copy.value(); }), errc::context_closed);
  EXPECT_EQ(failure_of([&] { copy.destroy(); }), std::nullopt);
}

TEST(SharedVariables, DoNotShowThroughTheHandleOfOneBefore) {
  const context ctx = make_context({"inline", 0});
  const auto old = ctx.broadcast(longs{1});
  old.destroy();
  const auto later = ctx.broadcast(std::string{"another type in the same slot"});
  EXPECT_EQ(failure_of([&] { old.value(); }), errc::context_closed);
  old.destroy();
  EXPECT_EQ(later->size(), 29U);
}

TEST(SharedVariables, AreForgottenByTheEngineToo) {
  std::vector<std::uint64_t> forgotten;
  context ctx{test_config(), std::make_unique<forgetful>(forgotten)};
  ctx.broadcast(1).destroy();
  EXPECT_EQ(forgotten.size(), 1U);
  ctx.broadcast(2);
  ctx.close();
  EXPECT_EQ(forgotten.size(), 1U) << "an engine that ends forgets by itself";
}

TEST(SharedVariables, HandlesOfNothingSaySo) {
  EXPECT_EQ(failure_of([] { broadcast<longs>{}.value(); }), errc::context_closed);
  EXPECT_EQ(failure_of([] { accumulator<long>{}.add(1); }), errc::context_closed);
}

TEST(SharedVariables, MayBeMadeAndDestroyedByManyThreads) {
  const context ctx = make_context({"inline", 0});
  const auto kept = ctx.broadcast(7L);
  std::vector<std::thread> threads;
  for (long t = 0; t != 4; ++t)
    threads.emplace_back([&ctx, kept, t] {
      std::vector<broadcast<long>> mine;
      for (long i = 0; i != 5000; ++i) { // more than one chunk of slots
        mine.push_back(ctx.broadcast(t * 5000 + i));
        ASSERT_EQ(*kept, 7);
      }
      for (long i = 0; i != 5000; ++i) {
        ASSERT_EQ(*mine[static_cast<std::size_t>(i)], t * 5000 + i);
        mine[static_cast<std::size_t>(i)].destroy();
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(*kept, 7);
}

} // namespace
} // namespace crema
