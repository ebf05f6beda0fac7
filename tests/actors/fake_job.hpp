#pragma once

#include "dataflow/job_run.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

// Jobs made by hand, of tasks whose every step a test decides: what the engine promises is then visible without any
// operation of dataflow/.

namespace crema::testing {

/// Where the code of a user may throw.
enum class place { nowhere, make, step, absorb, inputs_done, contribution, agree, resolve, commit, accept, task_done };

/// What the tasks of one stage do: emit blocks of ones, and a block with the sum of what they have absorbed. So the sum
/// over the result tells whether anything was lost or came twice.
struct fake_stage {
  int tasks = 1;
  int blocks = 1;           ///< of ones that each task emits, one a step
  int records = 1;          ///< in each of them
  bool barrier = false;     ///< each task waits for all others before it emits
  bool streams = false;     ///< passes on what it absorbs, block by block, as it comes
  bool ends_early = false;  ///< passes nothing on, and does not wait for the end of its input
  bool endless = false;     ///< is never done
  int to = -1;              ///< the consuming stage, if any
  int input = 0;            ///< which of the consumer's inputs it is
  std::vector<int> after{}; ///< stages that must be done before
  place fails = place::nowhere;
  int failing_task = 0;
  std::function<void(int task)> in_step{}; ///< called at the begin of each step
};
using fake_plan = std::vector<fake_stage>;

/// The sum of the results of such a plan.
long expected_sum(const fake_plan& plan);

/// A job of such stages, and what its caller sees. It complains about every promise that an engine breaks.
class fake_job final : public internal::result_handler, public std::enable_shared_from_this<fake_job> {
public:
  static std::shared_ptr<fake_job> make(fake_plan plan);
  /// A job that goes on with the next plan whenever one has ended.
  static std::shared_ptr<fake_job> make_series(std::vector<fake_plan> plans);

  const std::shared_ptr<internal::job_run>& run() const noexcept { return run_; }
  std::optional<error> failure() const;

  /// The sum of all results so far.
  long sum() const;

  /// Keeps the credit of result blocks until it is released.
  void hold_credit() noexcept { holds_ = true; }
  void release_credit();
  std::size_t held() const;
  /// The task of each result block, in the order of their coming.
  std::vector<int> order() const;

  /// Tasks that existed at once, at most.
  int most_tasks() const noexcept { return most_tasks_; }

  /// Broken promises, in words.
  std::vector<std::string> complaints() const;

private:
  class fake_task;
  struct record;

  explicit fake_job(std::vector<fake_plan> plans) : plans_{std::move(plans)} {}

  internal::job_plan plan(const fake_plan& stages, std::optional<std::vector<int>> partitions = {});
  internal::block_ptr block_of(long value, int records, int sequence);
  void complain(std::string what);
  void accept(int task, internal::block_ptr records, internal::credit_token credit) override;
  void task_done(int task) override;
  bool discard(int task) override;
  std::optional<internal::job_plan> next_plan() override;
  void job_done(const std::optional<error>& failure) override;

  std::vector<fake_plan> plans_;
  std::vector<internal::node_ptr> tops_; ///< of the stages of the current one
  std::size_t current_ = 0;
  std::atomic<int> tasks_{0}; ///< alive
  std::atomic<int> most_tasks_{0};
  std::atomic<int> records_{0}; ///< alive
  std::atomic<bool> holds_{false};
  std::shared_ptr<internal::job_run> run_;

  mutable std::mutex mutex_;
  std::vector<int> order_;
  std::map<int, long> sums_; ///< of the current plan, by task
  long sum_before_ = 0;      ///< of the earlier ones
  std::map<int, bool> done_;
  std::vector<internal::credit_token> tokens_;
  std::optional<error> failure_;
  std::vector<std::string> complaints_;
  bool over_ = false;
};

} // namespace crema::testing
