#include "tests/dataflow/op/oracle.hpp"
#include "tests/engines.hpp"

#include "dataflow/inline_engine.hpp"
#include "dataflow/op/collect.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/filter.hpp"
#include "dataflow/op/flat_map.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/for_each.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/partition_by.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/take.hpp"
#include "dataflow/op/to_local_iterator.hpp"
#include "dataflow/op/top.hpp"

#include <gmock/gmock.h>

#include <ranges>

// What a user function throws ends the job with a crema::error that says what, where and why; nothing else ends.

namespace crema {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using namespace crema::testing;

struct odd_failure {
  int number;
};

class Failures : public on_every_engine {
protected:
  ~Failures() override { EXPECT_EQ(ctx.range(0, 100, 1, 5).count(), 100u) << "the context must stay usable"; }

  /// The error that `action` ends with.
  template <class Action>
  static error failure_of(Action action) {
    try {
      action();
    } catch (const error& e) {
      return e;
    } catch (...) {
      ADD_FAILURE() << "an exception that is no crema::error escaped";
    }
    return error{errc::internal, "nothing was thrown"};
  }

  /// Checks an error that the 13 below was the reason for.
  void expect_unlucky(const error& e, const std::string& op, int partition) {
    EXPECT_EQ(e.code(), errc::user_exception) << e.what();
    EXPECT_EQ(e.text(), "13 is unlucky");
    EXPECT_EQ(e.where().op, op) << e.what();
    EXPECT_THAT(e.where().location, MatchesRegex("failure_test\\.cpp:[0-9]+")) << e.what();
    EXPECT_EQ(e.where().partition, partition) << e.what();
    EXPECT_EQ(e.where().type, "std::domain_error") << e.what();
    EXPECT_THAT(e.where().task, MatchesRegex("[0-9]+\\.[0-9]+@[0-9]+#0")) << e.what();
    if (GetParam().travels()) // the object stays where it was thrown
      EXPECT_THROW(e.rethrow_cause(), error);
    else
      EXPECT_THROW(e.rethrow_cause(), std::domain_error);
  }

  static long lucky(long x) {
    if (x == 13)
      throw std::domain_error{"13 is unlucky"};
    return x;
  }

  /// 0 to 19 in five partitions: 13 is in the fourth, which has the index 3.
  rdd<long> numbers() { return ctx.parallelize(iota(20), 5); }
  static constexpr int unlucky_partition = 3;
};
INSTANTIATE_TEST_SUITE_P(Engines, Failures, engine_shapes(), engine_name);

/// Of functions that cannot leave this process.
class FailuresHere : public Failures {};
INSTANTIATE_TEST_SUITE_P(Engines, FailuresHere, local_engine_shapes(), engine_name);

TEST_P(Failures, OfNarrowFunctionsNameTheirOperation) {
  const auto data = numbers();
  const auto test = [this](const error& e, const char* op) { expect_unlucky(e, op, unlucky_partition); };
  test(failure_of([&] { data.map(&lucky).count(); }), "map");
  test(failure_of([&] { data.filter([](long x) { return lucky(x) > 3; }).collect(); }), "filter");
  test(failure_of([&] { data.flat_map([](long x) { return longs{lucky(x)}; }).collect(); }), "flat_map");
  test(failure_of([&] { data.key_by(&lucky).collect(); }), "key_by");
  const auto keyed = data.key_by([](long x) { return x; });
  test(failure_of([&] { keyed.map_values(&lucky).collect(); }), "map_values");
  test(failure_of([&] { keyed.flat_map_values([](long x) { return longs{lucky(x)}; }).collect(); }), "flat_map_values");
  test(failure_of([&] {
         data
           .map_partitions([](auto& records) {
             longs out;
             for (long x : records)
               out.push_back(lucky(x));
             return out;
           })
           .collect();
       }),
       "map_partitions");
}

TEST_P(Failures, OfAFunctionInTheMiddleOfAChainNameThatFunction) {
  const auto e = failure_of([&] {
    numbers()
      .map([](long x) { return x; })
      .filter([](long) { return true; })
      .map(&lucky)
      .map([](long x) { return x; })
      .count();
  });
  expect_unlucky(e, "map", unlucky_partition);
  EXPECT_THAT(e.what(), HasSubstr("user_exception in map at failure_test.cpp:"));
  EXPECT_THAT(e.what(), HasSubstr("std::domain_error: 13 is unlucky"));
}

TEST_P(Failures, OfALazyRangeAreItsOperations) {
  const auto data = numbers();
  expect_unlucky(failure_of([&] {
                   data
                     .flat_map([](long x) {
                       return std::views::iota(x, x + 1) | std::views::transform([](long y) { return lucky(y); });
                     })
                     .collect();
                 }),
                 "flat_map", unlucky_partition);
  expect_unlucky(failure_of([&] {
                   data
                     .map_partitions([](auto& records) {
                       return std::ranges::subrange(records.begin(), records.end())
                              | std::views::transform([](long y) { return lucky(y); });
                     })
                     .collect();
                 }),
                 "map_partitions", unlucky_partition);
}

TEST_P(Failures, OfAFunctionThatPullsAFailingOneNameTheFirst) {
  const auto e = failure_of([&] {
    numbers()
      .map(&lucky)
      .map_partitions([](auto& records) {
        long sum = 0;
        for (long x : records)
          sum += x;
        return longs{sum};
      })
      .collect();
  });
  expect_unlucky(e, "map", unlucky_partition);
}

TEST_P(Failures, OfActionsNameTheAction) {
  const auto data = numbers();
  const auto test = [this](const error& e, const char* op) { expect_unlucky(e, op, unlucky_partition); };
  test(failure_of([&] { data.for_each([](long x) { lucky(x); }); }), "for_each");
  test(failure_of([&] {
         data.for_each_partition([](auto& records) {
           for (long x : records)
             lucky(x);
         });
       }),
       "for_each_partition");
  test(failure_of([&] {
         data.aggregate(
           0L, [](long a, long x) { return a + lucky(x); }, std::plus<>{});
       }),
       "aggregate");
  test(failure_of([&] { data.fold(0L, [](long a, long x) { return a + lucky(x); }); }), "fold");
  test(failure_of([&] { data.top(3, &lucky); }), "top");
  test(failure_of([&] { data.take_ordered(3, &lucky); }), "take_ordered");
  test(failure_of([&] { data.reduce([](long a, long b) { return std::max(lucky(a), lucky(b)); }); }), "reduce");
  test(failure_of([&] { data.min(&lucky); }), "min");
  test(failure_of([&] { data.map(&lucky).first(), data.map(&lucky).take(14); }), "map");
}

TEST_P(Failures, WhileResultsAreMergedAreErrorsToo) {
  const auto data = ctx.parallelize(longs{1, 12, 13, 14}, 4);
  for (const auto& e : {failure_of([&] { data.reduce([](long a, long b) { return lucky(a + b); }); }), failure_of([&] {
                          data.aggregate(0L, std::plus<>{}, [](long a, long b) { return lucky(a + b); });
                        })}) {
    EXPECT_EQ(e.code(), errc::user_exception);
    EXPECT_EQ(e.text(), "13 is unlucky");
    EXPECT_EQ(e.where().type, "std::domain_error");
    EXPECT_THROW(e.rethrow_cause(), std::domain_error);
  }
}

TEST_P(FailuresHere, OfAnyTypeAreReported) {
  const auto data = ctx.parallelize(longs{1}, 1);
  const auto thrown = [&](auto what) {
    return failure_of([&] {
      data
        .map([what](long x) {
          if (x == 1)
            throw what;
          return x;
        })
        .collect();
    });
  };
  EXPECT_EQ(thrown(std::string{"text"}).text(), "text");
  EXPECT_EQ(thrown(std::string{"text"}).where().type, "std::string");
  EXPECT_EQ(thrown("literal").text(), "literal");
  EXPECT_EQ(thrown(42).where().type, "int");
  EXPECT_THAT(thrown(odd_failure{7}).where().type, HasSubstr("odd_failure"));
  EXPECT_EQ(thrown(std::bad_alloc{}).code(), errc::out_of_memory);
  const auto own = thrown(error{errc::not_found, "a user's own crema::error"});
  EXPECT_EQ(own.code(), errc::not_found);
  EXPECT_EQ(own.where().op, "map");
  try {
    thrown(odd_failure{7}).rethrow_cause();
  } catch (const odd_failure& original) {
    EXPECT_EQ(original.number, 7);
  }
}

TEST_P(Failures, CutEndlessTexts) {
  const auto e = failure_of([&] {
    ctx.parallelize(longs{1}, 1)
      .map([](long) -> long { throw std::runtime_error{std::string(1'000'000, 'x')}; })
      .count();
  });
  EXPECT_LT(e.text().size(), 11'000u);
}

TEST_P(Failures, OfOnePartitionOfManyEndTheJob) {
  const auto e = failure_of([&] {
    ctx.range(0, 100'000, 1, 64)
      .map([](long x) {
        if (x == 99'999)
          throw std::runtime_error{"the last"};
        return x;
      })
      .collect();
  });
  EXPECT_EQ(e.where().partition, 63);
}

TEST_P(Failures, ComeOutOfALocalIterator) {
  auto records = numbers().map(&lucky).to_local_iterator();
  EXPECT_EQ(failure_of([&] {
              for ([[maybe_unused]] long x : records) {
              }
            }).text(),
            "13 is unlucky");
}

TEST_P(Failures, DoNotReachAnActionThatNeedsNoSuchRecord) {
  EXPECT_EQ(numbers().map(&lucky).first(), 0);
  EXPECT_EQ(numbers().map(&lucky).take(4), iota(4));
}

TEST_P(Failures, OfAWaitingJobAreKeptForGet) {
  auto job = numbers().map(&lucky).collect_async();
  EXPECT_TRUE(job.wait_for(std::chrono::minutes{1}));
  EXPECT_TRUE(job.ready());
  EXPECT_THAT(job.metrics().failure, HasSubstr("13 is unlucky"));
  EXPECT_EQ(failure_of([&] { job.get(); }).text(), "13 is unlucky");
}

TEST_P(FailuresHere, AreNestedDatasetWhereATaskUsesADataset) {
  const auto inner = ctx.parallelize(longs{1, 2}, 1);
  const auto keyed = ctx.parallelize(numbered(iota(3)), 1);
  const auto code = [&](auto f) { return failure_of([&] { numbers().map(f).collect(); }).code(); };
  EXPECT_EQ(code([inner](long) { return inner.collect().size(); }), errc::nested_dataset);
  EXPECT_EQ(code([inner](long) { return inner.count(); }), errc::nested_dataset);
  EXPECT_EQ(code([inner](long) { return inner.first(); }), errc::nested_dataset);
  EXPECT_EQ(code([inner](long x) { return inner.map([x](long y) { return x + y; }).num_partitions(); }),
            errc::nested_dataset);
  EXPECT_EQ(code([this](long) { return ctx.parallelize(longs{1}, 1).num_partitions(); }), errc::nested_dataset);
  EXPECT_EQ(code([this](long) { return ctx.empty<long>().num_partitions(); }), errc::nested_dataset);
  EXPECT_EQ(code([keyed](long) { return keyed.union_with(keyed).num_partitions(); }), errc::nested_dataset);
  EXPECT_EQ(code([inner](long) { return inner.cache().num_partitions(); }), errc::nested_dataset);
  EXPECT_EQ(code([inner](long) { return inner.explain().size(); }), errc::nested_dataset);
  EXPECT_EQ(code([](long) {
              return context{test_config(), internal::make_inline_engine(1)}.default_parallelism();
            }),
            errc::nested_dataset);
  EXPECT_EQ(code([this](long) { return (ctx.close(), 1); }), errc::nested_dataset);
  const auto sum = ctx.accumulator(0L);
  EXPECT_EQ(code([sum](long) { return sum.value(); }), errc::nested_dataset);
  EXPECT_EQ(failure_of([&] { numbers().for_each_partition([&](auto&) { inner.count(); }); }).code(),
            errc::nested_dataset);
}

} // namespace
} // namespace crema
