#include "tests/dataflow/io/temporary_directory.hpp"
#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/fold.hpp"
#include "dataflow/op/group_by_key.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/map_partitions.hpp"
#include "dataflow/op/persist.hpp"
#include "dataflow/op/sort_by.hpp"
#include "dataflow/op/to_local_iterator.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <csignal>
#include <numeric>
#include <sys/resource.h>

// Data ten times the memory budget: right, within the budget, and nothing left on disk.

namespace crema {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace crema::testing;

constexpr std::size_t budget = std::size_t{4} << 20;

using wide_value = std::array<long, 7>;
using wide_record = std::pair<long, wide_value>;
constexpr long records = static_cast<long>(10 * budget / sizeof(wide_record));

constexpr wide_value value_of(long i) {
  return {i, i * 3, i * 5, i ^ 0x5555, -i, i * i, i + 1};
}

/// What eight tasks may take whatever the budget says, or nothing would move: a table grows by doubling.
constexpr std::size_t granted = 8 * (std::size_t{2} << 20);

using counted_sum = std::array<long, 2>;
counted_sum add(const counted_sum& a, const counted_sum& b) {
  return {a[0] + b[0], a[1] + b[1]};
}

class OutOfCore : public ::testing::TestWithParam<engine_shape> {
protected:
  config settings(std::size_t memory_limit) const {
    auto made = test_config(memory_limit);
    made.spill_directory = directory_.path();
    return made;
  }

  /// (key(i), a value of i) for i below `records`.
  template <class Key>
  auto data(Key key, long n = records) {
    return ctx_->range(0, n, 1, 4).map([key](long i) { return wide_record{key(i), value_of(i)}; });
  }

  /// The job's result, once it is known that it went to disk and stayed within the budget.
  template <class R>
  R finish(job<R> running) {
    auto result = running.get();
    const auto metrics = running.metrics();
    std::uint64_t spilled = 0;
    for (const auto& stage : metrics.stages)
      spilled += stage.total.spilled_bytes;
    EXPECT_GT(spilled, 0u);
    EXPECT_LE(metrics.memory_peak, ctx_->memory_limit() + granted);
    EXPECT_EQ(ctx_->memory_used(), 0u);
    return result;
  }

  void TearDown() override {
    ctx_.reset();
    EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  }

  temporary_directory directory_;
  std::optional<context> ctx_{std::in_place, settings(budget), make_engine(GetParam())};
};
INSTANTIATE_TEST_SUITE_P(Engines, OutOfCore, local_engine_shapes(), engine_name);

/// What is left of a sorted partition.
struct summary {
  long first = 0;
  long last = 0;
  long count = 0;
  long sum = 0;
  bool ordered = true;
};

TEST_P(OutOfCore, ASortIsRight) {
  // A permutation of 0 … records - 1: 7919 has no divisor in common with it.
  static_assert(std::gcd(records, 7919L) == 1);
  const auto sorted = data([](long i) { return i * 7919 % records; }).sort_by_key();
  const auto parts = finish(sorted
                              .map_partitions([](auto& part) {
                                summary s;
                                for (const auto& [key, value] : part) {
                                  if (s.count == 0)
                                    s.first = key;
                                  s.ordered = s.ordered && (s.count == 0 || key == s.last + 1)
                                              && value[0] * 7919 % records == key && value[1] == value[0] * 3;
                                  s.last = key;
                                  ++s.count;
                                  s.sum += value[0];
                                }
                                return std::vector{s};
                              })
                              .collect_async());
  long next = 0, sum = 0;
  for (const auto& part : parts) {
    EXPECT_TRUE(part.ordered);
    EXPECT_TRUE(part.count == 0 || part.first == next);
    next += part.count;
    sum += part.sum;
  }
  EXPECT_EQ(next, records);
  EXPECT_EQ(sum, records * (records - 1) / 2);
}

TEST_P(OutOfCore, AGroupOfOneKeyThatHoldsEverythingIsRight) {
  const auto sums =
    data([](long) { return 7L; }).group_by_key().map([](const std::pair<long, group<wide_value>>& keyed) {
      long count = 0, sum = 0;
      for (const auto& value : keyed.second) {
        ++count;
        sum += value[0];
      }
      return std::vector<long>{keyed.first, static_cast<long>(keyed.second.size()), count, sum};
    });
  EXPECT_EQ(finish(sums.collect_async()),
            (std::vector<std::vector<long>>{{7, records, records, records * (records - 1) / 2}}));
}

TEST_P(OutOfCore, AJoinOfOneHotKeyOnBothSidesIsRight) {
  // Its result has (bytes of a side)² / (bytes of a record) bytes: a small budget and large records keep it short.
  constexpr std::size_t limit = std::size_t{1} << 20;
  using page = std::array<long, 4096>;
  constexpr long each = 5 * limit / sizeof(page);
  ctx_.emplace(settings(limit), make_engine(GetParam()));
  const auto side = [this](long factor) {
    return ctx_->range(0, each, 1, 4).map([factor](long i) {
      page filled;
      for (std::size_t at = 0; at != filled.size(); ++at)
        filled[at] = i * factor;
      return std::pair{7L, filled};
    });
  };
  const auto rows = side(each).join(side(1)).map([](const std::pair<long, std::pair<page, page>>& row) {
    const auto& [a, b] = row.second;
    return counted_sum{1, a.front() + b.back()};
  });
  EXPECT_EQ(finish(rows.reduce_async(add)), (counted_sum{each * each, each * each * (each * each - 1) / 2}));
}

TEST_P(OutOfCore, ADistinctIsRight) {
  const auto once = data([](long i) { return i % records; }, 2 * records)
                      .map([](const wide_record& r) {
                        return wide_record{r.first, value_of(r.first)};
                      })
                      .distinct();
  const auto sums = once.map([](const wide_record& r) { return counted_sum{1, r.second[0]}; });
  EXPECT_EQ(finish(sums.reduce_async(add)), (counted_sum{records, records * (records - 1) / 2}));
}

TEST_P(OutOfCore, LargeRecordsGoToDiskAFewAtATime) {
  // In one partition more than one spilled frame may hold.
  const auto fat = ctx_->range(0, 2000, 1, 1).map([](long i) { return std::pair{-i, std::string(40'000, 'x')}; });
  const auto bytes =
    fat.sort_by_key().map([](const std::pair<long, std::string>& r) { return static_cast<long>(r.second.size()); });
  EXPECT_EQ(finish(bytes.reduce_async(std::plus<>{})), 2000 * 40'000);
}

/// Lets no file grow beyond some bytes: a disk that is full, for the tests.
class short_files {
public:
  explicit short_files(rlim_t bytes) : before_{std::signal(SIGXFSZ, SIG_IGN)} {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit shorter{bytes, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &shorter);
  }
  ~short_files() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }
  short_files(const short_files&) = delete;
  short_files& operator=(const short_files&) = delete;

private:
  void (*before_)(int);
  rlimit limit_{};
};

TEST_P(OutOfCore, AFullDiskFailsTheJobAndNothingElse) {
  const auto sorted = data([](long i) { return i * 7919 % records; }).sort_by_key();
  const auto grouped = data([](long) { return 7L; }).group_by_key();
  const auto once = data([](long i) { return i; }).distinct();
  const auto joined = grouped.keys().key_by(std::identity{}).join(data([](long) { return 7L; }));
  const auto kept = data([](long i) { return i; }).persist(storage::disk);
  const auto fails = [this](auto count) {
    try {
      ADD_FAILURE() << "counted " << count();
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::disk_full) << e.what();
      EXPECT_THAT(e.what(), AllOf(HasSubstr(directory_.path()), HasSubstr("need "), HasSubstr(" bytes are free")));
    }
  };
  {
    const short_files full{std::size_t{100} << 10};
    fails([&] { return sorted.count(); });
    fails([&] { return grouped.count(); });
    fails([&] { return once.count(); });
    fails([&] { return joined.count(); });
    fails([&] { return kept.count(); });
  }
  EXPECT_EQ(ctx_->memory_used(), 0u);
  EXPECT_EQ(sorted.count(), static_cast<std::uint64_t>(records));
  EXPECT_EQ(joined.count(), static_cast<std::uint64_t>(records));
  EXPECT_EQ(kept.count(), static_cast<std::uint64_t>(records));
}

class ASlowConsumer : public ::testing::TestWithParam<engine_shape> {};
INSTANTIATE_TEST_SUITE_P(Engines, ASlowConsumer, local_engine_shapes(), engine_name);

TEST_P(ASlowConsumer, StopsTheProducers) {
  constexpr long rows = 8'000'000;
  constexpr int partitions = 8; // of a million rows, many times what may be on the way
  const long most_ahead = std::max(1, GetParam().threads) * 400'000L;
  const auto ctx = make_context(GetParam());
  std::atomic<long> made{0};
  auto slow = ctx.range(0, rows, 1, partitions)
                .map([&made](long i) {
                  made.fetch_add(1, std::memory_order_relaxed);
                  return i;
                })
                .to_local_iterator();
  // Another job is the clock: as jobs are served fairly, producers that nobody stops end before it does.
  const auto wait = [&ctx] { ctx.range(0, 4 * rows, 1, partitions).map([](long i) { return i; }).sum(); };
  long taken = 0, sum = 0;
  for (long row : slow) {
    sum += row;
    if (taken++ % (rows / 4) == 0) {
      wait();
      EXPECT_LT(made - taken, most_ahead) << "ahead after " << taken << " rows";
    }
  }
  EXPECT_EQ(sum, rows * (rows - 1) / 2);
  EXPECT_EQ(made, rows);
}

} // namespace
} // namespace crema
