#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/for_each.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/take.hpp"
#include "dataflow/op/to_local_iterator.hpp"
#include "dataflow/op/union_with.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <latch>
#include <optional>
#include <semaphore>
#include <thread>

// job<T>, and contexts whose jobs are cancelled, run late, or run beside others.

namespace crema {
namespace {

using namespace std::chrono_literals;
using namespace crema::testing;

template <class Action>
errc failure_of(Action action) {
  try {
    action();
  } catch (const error& e) {
    return e.code();
  }
  return errc{};
}

/// A dataset whose tasks say when they run and never end on their own.
class endless {
public:
  explicit endless(const context& ctx)
      : data_{ctx.range(0, 1'000'000'000'000, 1, 4).map([gate = gate_](long x) {
          gate->started.release();
          return x;
        })} {}

  const rdd<long>& data() const { return data_; }
  void wait_until_it_runs() { gate_->started.acquire(); }

private:
  struct gate {
    std::counting_semaphore<> started{0};
  };
  std::shared_ptr<gate> gate_ = std::make_shared<gate>();
  rdd<long> data_;
};

/// Engines that have threads of their own: on the others an action is over when it returns.
class Jobs : public on_every_engine {};
std::vector<engine_shape> threaded_shapes() {
  auto shapes = all_engine_shapes();
  std::erase_if(shapes, [](const engine_shape& shape) { return shape.threads == 0 || shape.travels(); });
  return shapes;
}
INSTANTIATE_TEST_SUITE_P(Engines, Jobs, ::testing::ValuesIn(threaded_shapes()), engine_name);

TEST_P(Jobs, AreNotReadyWhileTheyRunAndEndWhenCancelled) {
  endless work{ctx};
  auto job = work.data().count_async();
  work.wait_until_it_runs();
  EXPECT_FALSE(job.ready());
  EXPECT_FALSE(job.wait_for(0ns));
  EXPECT_LT(job.progress().fraction(), 1.0);
  job.cancel();
  EXPECT_EQ(failure_of([&] { job.get(); }), errc::cancelled);
  EXPECT_TRUE(job.ready());
  EXPECT_EQ(ctx.range(0, 10).count(), 10u);
}

TEST_P(Jobs, EndAtTheirDeadline) {
  endless work{ctx};
  auto job = work.data().count_async();
  job.deadline(20ms);
  EXPECT_EQ(failure_of([&] { job.get(); }), errc::deadline_exceeded);
  EXPECT_EQ(ctx.range(0, 10).count(), 10u);
}

TEST_P(Jobs, EndAtADeadlineInThePast) {
  endless work{ctx};
  auto job = work.data().count_async();
  job.deadline(-1s);
  EXPECT_EQ(failure_of([&] { job.get(); }), errc::deadline_exceeded);
}

TEST_P(Jobs, ThatEndInTimeDoNotMindTheirDeadline) {
  auto job = ctx.range(0, 1000).count_async();
  job.deadline(1h);
  EXPECT_EQ(job.get(), 1000u);
}

TEST_P(Jobs, GiveTheirMemoryBackWhenCancelled) {
  const auto before = ctx.memory_used();
  endless work{ctx};
  for (int round = 0; round != 3; ++round) {
    auto job = work.data().sort_by([](long x) { return -x; }).collect_async();
    work.wait_until_it_runs();
    job.cancel();
    EXPECT_EQ(failure_of([&] { job.get(); }), errc::cancelled);
  }
  EXPECT_EQ(ctx.memory_used(), before);
}

TEST_P(Jobs, OfEveryKindCanBeCancelled) {
  endless work{ctx};
  const auto keyed = work.data().key_by([](long x) { return x % 1000; });
  const auto cancelled = [&](auto job) {
    work.wait_until_it_runs();
    job.cancel();
    EXPECT_EQ(failure_of([&] { job.get(); }), errc::cancelled);
  };
  cancelled(keyed.reduce_by_key(std::plus<>{}).collect_async());
  cancelled(work.data().union_with(work.data()).count_async());
  cancelled(work.data().for_each_async([](long) {}));
  cancelled(work.data().reduce_async(std::plus<>{}));
  cancelled(work.data().cache().count_async());
  cancelled(work.data().take_async(1'000'000'000));
}

TEST_P(Jobs, EndWithTheirLastHandle) {
  const auto token = std::make_shared<int>(0);
  {
    endless work{ctx};
    auto job = work.data().map([token](long x) { return x; }).count_async();
    work.wait_until_it_runs();
  }
  EXPECT_EQ(token.use_count(), 1) << "tasks still hold what the caller captured";
  EXPECT_EQ(ctx.range(0, 10).count(), 10u);
}

TEST_P(Jobs, AreCancelledByAnAbandonedIterator) {
  endless work{ctx};
  {
    auto records = work.data().to_local_iterator();
    long seen = 0;
    for (long x : records) {
      EXPECT_EQ(x, seen);
      if (++seen == 10)
        break;
    }
  }
  EXPECT_EQ(ctx.memory_used(), 0u);
}

TEST_P(Jobs, MayBeMovedAndReplaced) {
  endless work{ctx};
  auto job = work.data().count_async();
  work.wait_until_it_runs();
  auto moved = std::move(job);
  moved = ctx.range(0, 7).count_async(); // ends the endless one
  EXPECT_EQ(moved.get(), 7u);
}

TEST_P(Jobs, ThatRunLongTellHowFarTheyAre) {
  std::latch halfway{1};
  std::promise<void> go_on;
  auto waiting = go_on.get_future().share();
  auto job = ctx.range(0, 10, 1, 10)
               .map([&halfway, waiting](long x) {
                 if (x == 9) {
                   halfway.count_down();
                   waiting.wait();
                 }
                 return x;
               })
               .count_async();
  halfway.wait();
  const auto report = job.progress();
  ASSERT_EQ(report.stages.size(), 1u);
  EXPECT_EQ(report.stages[0].tasks, 10);
  EXPECT_LT(report.stages[0].done, 10);
  EXPECT_FALSE(job.ready());
  go_on.set_value();
  EXPECT_EQ(job.get(), 10u);
  EXPECT_EQ(job.progress().stages[0].done, 10);
}

TEST_P(Jobs, OfSeveralThreadsRunSideBySide) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t != 6; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round != 20; ++round) {
        const long n = 100 * (t + 1) + round;
        const auto sums =
          ctx.range(0, n, 1, 3).key_by([](long x) { return x % 5; }).reduce_by_key(std::plus<>{}).values();
        if (sums.sum() == n * (n - 1) / 2)
          ++right;
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(right, 120);
}

TEST_P(Jobs, ThatAreSmallDoNotWaitForALargeOne) {
  endless work{ctx};
  auto large = work.data().count_async();
  work.wait_until_it_runs();
  for (int i = 0; i != 10; ++i)
    EXPECT_EQ(ctx.range(0, 1000, 1, 4).count(), 1000u);
  EXPECT_FALSE(large.ready());
  large.cancel();
}

TEST_P(Jobs, EndWithTheirContext) {
  std::optional<context> own;
  own.emplace(test_config(), make_engine(GetParam()));
  endless work{*own};
  auto job = work.data().count_async();
  work.wait_until_it_runs();
  own->close();
  EXPECT_EQ(failure_of([&] { job.get(); }), errc::context_closed);
  own.reset();
}

TEST_P(Jobs, OfOtherThreadsEndWithTheContextThatIsClosed) {
  context own{test_config(), make_engine(GetParam())};
  endless work{own};
  std::vector<std::future<errc>> results;
  for (int i = 0; i != 3; ++i)
    results.push_back(std::async(std::launch::async, [&] { return failure_of([&] { work.data().count(); }); }));
  for (int i = 0; i != 3; ++i)
    work.wait_until_it_runs();
  own.close();
  for (auto& result : results)
    EXPECT_EQ(result.get(), errc::context_closed);
}

class Contexts : public on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, Contexts, engine_shapes(), engine_name);

TEST_P(Contexts, LeaveDatasetsBehindThatSaySo) {
  std::optional<context> own;
  own.emplace(test_config(), make_engine(GetParam()));
  const auto data = own->parallelize(iota(10), 2).map([](long x) { return x; });
  const auto kept = data.filter([](long x) { return x > 3; }).cache();
  EXPECT_EQ(kept.count(), 6u);
  own.reset();
  EXPECT_EQ(failure_of([&] { data.collect(); }), errc::context_closed);
  EXPECT_EQ(failure_of([&] { kept.count(); }), errc::context_closed);
  EXPECT_EQ(failure_of([&] { data.first(); }), errc::context_closed);
  EXPECT_EQ(failure_of([&] { data.map([](long x) { return x; }).sort_by(std::identity{}).count_async(); }),
            errc::context_closed);
  EXPECT_FALSE(data.explain().empty());
}

TEST_P(Contexts, MayBeClosedTwiceAndFromSeveralThreads) {
  context own{test_config(), make_engine(GetParam())};
  EXPECT_EQ(own.range(0, 10).count(), 10u);
  std::vector<std::thread> threads;
  for (int i = 0; i != 4; ++i)
    threads.emplace_back([&] { own.close(); });
  for (auto& thread : threads)
    thread.join();
  own.close();
  EXPECT_EQ(failure_of([&] { own.range(0, 10).count(); }), errc::context_closed);
}

TEST_P(Contexts, LiveSideBySide) {
  context a{test_config(), make_engine(GetParam())};
  context b{test_config(), make_engine(GetParam())};
  EXPECT_EQ(a.range(0, 10).count() + b.range(0, 20).count() + ctx.range(0, 30).count(), 60u);
}

TEST_P(Contexts, ThatNeverRunAnythingEnd) {
  context unused{test_config(), make_engine(GetParam())};
}

TEST_P(Contexts, AreUsedByManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<long> sum{0};
  for (int t = 0; t != 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i != 25; ++i)
        sum += ctx.parallelize(iota(10), 3).map([](long x) { return x; }).sum();
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(sum, 4 * 25 * 45);
}

// -- accumulators -----------------------------------------------------------------------------------------------------

TEST_P(Contexts, CountEachRecordOnceInAnAccumulator) {
  for (int n : partition_counts) {
    const auto seen = ctx.accumulator(0L);
    const auto texts = ctx.accumulator(std::string{"<"});
    ctx.parallelize(iota(100), n)
      .map([seen](long x) {
        seen.add(1);
        return x;
      })
      .sort_by(std::identity{})
      .for_each([texts](long) { texts += "x"; });
    EXPECT_EQ(seen.value(), 100);
    EXPECT_EQ(texts.value(), "<" + std::string(100, 'x'));
  }
}

TEST_P(Contexts, CountNothingOfAFailedPartitionInAnAccumulator) {
  const auto seen = ctx.accumulator(0L);
  const auto fail_late = [seen](long x) {
    seen.add(1);
    if (x == 3)
      throw std::runtime_error{"too late"};
  };
  EXPECT_THROW(ctx.parallelize(longs{1, 2, 3}, 1).for_each(fail_late), error);
  EXPECT_EQ(seen.value(), 0);
}

TEST_P(Contexts, AddAnyTypeInAnAccumulator) {
  const auto all = ctx.accumulator(longs{-1}, longs{}, [](longs a, const longs& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  });
  ctx.parallelize(iota(50), 5).for_each([all](long x) { all.add(longs{x}); });
  auto found = all.value();
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found.size(), 51u);
  EXPECT_EQ(found.front(), -1);
  EXPECT_EQ(found.back(), 49);
  all.add(longs{7});
  EXPECT_EQ(all.value().size(), 52u);
}

TEST_P(Contexts, BroadcastOneCopy) {
  const auto table = ctx.broadcast(longs{10, 20, 30});
  const auto addresses =
    ctx.parallelize(longs{0, 1, 2, 0}, 4)
      .map([table](long i) {
        return std::pair{(*table)[static_cast<std::size_t>(i)], table.operator->() == &table.value()};
      })
      .collect();
  EXPECT_EQ(addresses, (std::vector<std::pair<long, bool>>{{10, true}, {20, true}, {30, true}, {10, true}}));
}

} // namespace
} // namespace crema
