#pragma once

#include "dataflow/context.hpp"
#include "dataflow/operations.hpp"
#include "dataflow/plan/plan_codec.hpp"
#include "dataflow/text/split_words.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crema::testing {

/// The plan of an action, which does not run.
class plan_of_action {
public:
  /// `action` starts a job on the context that it is given.
  explicit plan_of_action(const std::function<void(const context&)>& action) {
    try {
      action(ctx_);
    } catch (const enough&) {
    }
  }

  const internal::job_plan& operator*() const { return *plan_; }
  const internal::job_plan* operator->() const { return &*plan_; }
  const context& ctx() const { return ctx_; }

private:
  struct enough {};

  /// Keeps the plan of the first job and starts nothing.
  class keeper final : public internal::engine {
  public:
    explicit keeper(std::optional<internal::job_plan>& kept) : kept_{kept} {}
    int threads() const noexcept override { return 2; }
    void start(std::shared_ptr<internal::job_run> job) override {
      kept_.emplace(job->plan());
      throw enough{};
    }
    void cancel(const std::shared_ptr<internal::job_run>&) override {}
    void run_all(int, const std::function<void(int)>&) override {}

  private:
    std::optional<internal::job_plan>& kept_;
  };

  static config settings() {
    config made;
    made.memory_limit = std::size_t{64} << 20;
    made.inline_records = 0;
    return made;
  }

  std::optional<internal::job_plan> plan_;
  context ctx_{settings(), std::make_unique<keeper>(plan_)};
};

/// An action with every kind of node, stage and link.
inline void act_on_everything(const context& ctx) {
  using pair = std::pair<long, long>;
  const rdd<long> numbers = ctx.parallelize(std::vector<long>{5, 3, 8, 1, 9, 2}, 3).set_name("numbers");
  const auto named = ctx.range(0, 100, 7, 2).map([](long x) { return x * 2; });
  const auto both = numbers.union_with(named.filter([](long x) { return x % 3 != 0; })).coalesce(4);
  const auto keyed = both.key_by([n = 5L](long x) { return x % n; });
  const rdd<pair> sums = keyed.reduce_by_key(std::plus<>{}, 2).cache();
  const auto joined = sums.join(keyed.group_by_key(3).map_values([](const group<long>& g) { return g.size(); }));
  const auto words = ctx.text_file("README.md", 2).flat_map([](std::string_view line) { return split_words(line); });
  const auto lengths = words.distinct().map([](const std::string& w) { return pair{static_cast<long>(w.size()), 1}; });
  joined.map([](const auto& r) {
          return pair{r.first, r.second.first};
        })
    .cogroup(lengths.partition_by(3, [](long k) { return k + 1; }).repartition(2))
    .flat_map_values([](const auto& groups) { return groups.first; })
    .map_partitions([](auto& part) {
      std::vector<pair> all;
      for (auto& record : part)
        all.push_back(record);
      return all;
    })
    .sort_by_key(std::greater<>{}, 2)
    .zip_with_index()
    .take_ordered(3, [](const auto& r) { return r.second; });
}

} // namespace crema::testing
