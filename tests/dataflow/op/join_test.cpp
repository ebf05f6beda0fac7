#include "tests/engines.hpp"

#include "dataflow/op/collect.hpp"
#include "dataflow/op/count.hpp"
#include "dataflow/op/join.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/range.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

// The same join in memory and out of core: joins must not tell how they were made.

namespace crema {
namespace {

using namespace crema::internal;

struct alike {
  long id = 0;
  auto operator<=>(const alike&) const = default;
};
std::uint64_t hash_value(const alike&) {
  return 7;
}

template <class K, class V, class W>
class reader_under_test {
public:
  using left = std::pair<K, V>;
  using right = std::pair<K, W>;
  using record = std::pair<K, std::pair<V, W>>;

  explicit reader_under_test(std::size_t budget)
      : resources_{std::make_shared<worker_resources>(budget)},
        task_{std::make_shared<job_scope>(1, resources_, std::make_shared<store_registry>()), task_id{}},
        reader_{task_, *at_} {}

  /// Blocks of both sides take turns, as they do when producers run side by side.
  std::vector<record> join(const std::vector<left>& lefts, const std::vector<right>& rights, std::size_t in_a_block) {
    for (std::size_t from = 0; from < std::max(lefts.size(), rights.size()); from += in_a_block) {
      feed(0, lefts, from, in_a_block);
      feed(1, rights, from, in_a_block);
    }
    reader_.inputs_done();
    std::vector<record> all;
    for (bool more = true; more;) {
      block_ptr out;
      more = reader_.next(out, 1000);
      if (out)
        for (auto& each : block_cast<record>(out))
          all.push_back(std::move(each));
    }
    return all;
  }

  bool spilled() const { return task_.counters.spills != 0; }

private:
  template <class T>
  void feed(int input, const std::vector<T>& records, std::size_t from, std::size_t n) {
    block_builder<T> builder{std::size_t{1} << 30};
    for (auto i = from; i < std::min(from + n, records.size()); ++i)
      builder.add(records[i]);
    if (auto made = builder.take())
      reader_.absorb(input, 0, std::move(made));
  }

  context ctx_ = testing::make_context({"inline", 0});
  rdd<long> at_rdd_ = ctx_.parallelize(std::vector<long>{});
  std::shared_ptr<const node> at_ = at_rdd_.node();
  std::shared_ptr<worker_resources> resources_;
  task_scope task_;
  join_reader<K, V, W> reader_;
};

template <class T>
std::vector<T> sorted(std::vector<T> records) {
  std::sort(records.begin(), records.end());
  return records;
}

template <class K, class V, class W>
auto nested_loop_join(const std::vector<std::pair<K, V>>& left, const std::vector<std::pair<K, W>>& right) {
  std::multimap<K, W> others;
  for (const auto& [k, w] : right)
    others.emplace(k, w);
  std::vector<std::pair<K, std::pair<V, W>>> all;
  for (const auto& [k, v] : left)
    for (auto [at, end] = others.equal_range(k); at != end; ++at)
      all.emplace_back(k, std::pair<V, W>(v, at->second));
  return sorted(std::move(all));
}

constexpr std::size_t budgets[] = {64 << 10, 300 << 10, 2 << 20, 1 << 30};

template <class K, class V, class W, class MakeKey, class MakeV, class MakeW>
void joins_alike(std::size_t n, MakeKey&& key, MakeV&& value, MakeW&& other) {
  for (std::uint32_t seed = 0; seed != 4; ++seed)
    for (auto budget : budgets) {
      SCOPED_TRACE(::testing::Message() << "seed " << seed << ", budget " << budget);
      std::mt19937 random{seed};
      std::vector<std::pair<K, V>> left;
      std::vector<std::pair<K, W>> right;
      const auto skewed = [&]() -> long { return random() % 50 == 0 ? 5 : static_cast<long>(random() % n); };
      for (std::size_t i = 0; i != n; ++i)
        left.emplace_back(key(skewed()), value(static_cast<long>(i)));
      for (std::size_t i = 0; seed != 3 && i != n / 2; ++i)
        right.emplace_back(key(skewed()), other(static_cast<long>(i)));
      reader_under_test<K, V, W> reader{budget};
      ASSERT_TRUE(sorted(reader.join(left, right, 100 + random() % 1000)) == nested_loop_join(left, right));
      if (budget == budgets[3] || (budget == budgets[0] && n >= 4000)) {
        EXPECT_EQ(reader.spilled(), budget == budgets[0]);
      }
    }
}

const auto number = [](long i) { return i; };
const auto text = [](long i) { return "the text of the number " + std::to_string(i); };

TEST(Join, IsTheSameForNumbersWithAnyBudget) {
  joins_alike<long, long, long>(20'000, number, number, number);
}

TEST(Join, IsTheSameForTextWithAnyBudget) {
  joins_alike<std::string, std::string, std::string>(4000, text, text, text);
}

TEST(Join, IsTheSameForNumbersAndTextWithAnyBudget) {
  joins_alike<long, long, std::string>(4000, number, number, text);
  joins_alike<long, std::string, long>(4000, number, text, number);
}

TEST(Join, IsTheSameForCollidingKeysWithAnyBudget) {
  joins_alike<alike, long, long>(
    600, [](long i) { return alike{i % 100}; }, number, number);
}

TEST(Join, TakesBothZeroesForOneKeyAndAllNansForAnotherWithAnyBudget) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::pair<double, long>> left{{0.0, 1}, {nan, 2}, {1.5, 4}};
  const std::vector<std::pair<double, long>> right{{-0.0, 10}, {-nan, 20}, {2.5, 40}};
  for (auto budget : budgets) {
    reader_under_test<double, long, long> reader{budget};
    std::vector<std::pair<long, long>> values;
    for (const auto& [key, both] : reader.join(left, right, 2))
      values.push_back(both);
    std::sort(values.begin(), values.end());
    EXPECT_EQ(values, (std::vector<std::pair<long, long>>{{1, 10}, {2, 20}}));
  }
}

TEST(Join, StaysInMemoryWhereThereIsEnoughAndOnlyThere) {
  std::vector<std::pair<long, long>> records;
  for (long i = 0; i != 1'000'000; ++i)
    records.emplace_back(i, i);
  for (auto [budget, spills] : {std::pair{std::size_t{1} << 30, false}, {std::size_t{24} << 20, true}}) {
    reader_under_test<long, long, long> reader{budget};
    const auto all = sorted(reader.join(records, records, 8000));
    ASSERT_EQ(all.size(), records.size());
    for (long i = 0; i != 1'000'000; ++i)
      ASSERT_EQ(all[static_cast<std::size_t>(i)], (std::pair{i, std::pair{i, i}}));
    EXPECT_EQ(reader.spilled(), spills);
  }
}

class JoinOnEngines : public testing::on_every_engine {};
INSTANTIATE_TEST_SUITE_P(Engines, JoinOnEngines, testing::engine_shapes(), testing::engine_name);

TEST_P(JoinOnEngines, CountsAlikeWithAnyBudget) {
  for (auto budget : {std::size_t{1} << 20, std::size_t{1} << 30}) {
    context small = testing::make_context(GetParam(), budget);
    const auto left = small.range(0, 200'000).map([](long x) { return std::pair{x % 100'003, x}; });
    const auto right = small.range(0, 50'000).map([](long x) { return std::pair{x * 2, std::to_string(x)}; });
    EXPECT_EQ(left.join(right).count(), 99'999u);
  }
}

} // namespace
} // namespace crema
