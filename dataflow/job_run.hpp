#pragma once

#include "dataflow/error.hpp"
#include "dataflow/metrics_tally.hpp"
#include "dataflow/plan/attempts.hpp"
#include "dataflow/plan/plan_run.hpp"
#include "dataflow/plan/progress.hpp"
#include "dataflow/plan/result_places.hpp"
#include "dataflow/plan/stage.hpp"
#include "dataflow/result_handler.hpp"
#include "dataflow/thin/chrono.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crema::internal {

class context_state;
struct task_report;

/// One action on its way: its plan, its state, and the place where its caller waits.
///
/// The engine calls the functions under "for the engine", from one thread at a time; all else is thread-safe.
class job_run : public plan_run, public std::enable_shared_from_this<job_run> {
public:
  job_run(job_plan plan, std::shared_ptr<result_handler> results, std::shared_ptr<context_state> context);
  ~job_run();

  // -- for the engine -----------------------------------------------------------------------------------------------

  /// Before an attempt at the plan, whose workers will be those. What others stored is lost; where that is so, or
  /// something was lost in an attempt before, the plan is made anew for what is not done.
  void prepare(const std::vector<std::uint64_t>& workers);

  std::vector<int> begin();
  void mark_inlined();
  void accept(int task, block_ptr records, credit_token credit);
  bool results_wanted() const { return results_->wanting(); }
  bool at_barrier(int stage, int task);

  /// A task is done: commits it if it is the first attempt to be. `finished` is the task where it lives in this
  /// process.
  job_progress::verdict task_done(int stage, int task, internal::task& finished, const task_metrics& metrics);

  /// The same for a task of another process, where it is committed already; what it stored is known from here on.
  job_progress::verdict task_done(int stage, int task, const task_report& report);

  /// A worker is lost, `how` tells which and why, and with it `tasks`, by stage, unless they are committed.
  void lose(std::string how, const std::vector<std::vector<int>>& tasks);

  /// After a loss: nothing of the attempt is left, and its plan is not done. Makes ready for the next one, or says why
  /// the job cannot go on. `prepare` comes next.
  std::optional<error> retry();

  /// All losses so far that ended an attempt, in words.
  std::string losses() const;

  /// The plan is over: with a failure, or well. True if it goes on with another plan, which is now in place: begin
  /// again. Else the job has ended: nothing of its plan is left here, and whoever waits wakes up. The engine must have
  /// let go of all that belongs to the job, this object included: the caller keeps it until it has ended.
  [[nodiscard]] bool finish(std::optional<error> failure);

  bool ended() const;

  // -- for the caller -----------------------------------------------------------------------------------------------

  /// Waits for the end, throws the failure if there was one. Shows the progress bar if the context wants one.
  void wait();

  /// Goes on with a job that paused because nobody waited for its results, in this thread; false where it did not.
  bool resume();

  /// Whether the job ended before `deadline`; never throws its failure.
  bool wait_until(std::chrono::steady_clock::time_point deadline);

  /// Throws the job's failure, if it has ended with one.
  void check() const;

  void cancel(errc reason = errc::cancelled);

  void set_deadline(std::chrono::steady_clock::time_point deadline);

  std::vector<stage_progress> progress() const;
  job_metrics metrics() const;

private:
  using time_point = std::chrono::steady_clock::time_point;

  /// Waits until `until`, the job's end, or its deadline, which cancels it; whether it has ended.
  bool wait_or_expire(std::unique_lock<std::mutex>& lock, time_point until);

  /// What the task's end leads to, and whether it counts: it may have done so in an earlier attempt.
  std::pair<job_progress::verdict, bool> note_done(int stage, int task, const task_metrics& metrics);
  void publish(int stage, int task, const accumulator_deltas& deltas, bool counts);
  task_key key_of(int stage, int task) const;
  /// Drops what is stored nowhere any more, or does not fit together with what would be computed beside it.
  bool lose_stores(const std::vector<std::uint64_t>& workers);
  void plan_again();
  /// Whether `next` computes all that this plan was to and has not.
  bool completes(const job_plan& next) const;
  bool take_next_plan();
  void end(std::optional<error> failure);

  std::shared_ptr<result_handler> results_;
  std::shared_ptr<context_state> context_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::condition_variable ended_signal_;
  job_progress progress_;
  attempts attempts_;
  result_places places_;
  metrics_tally metrics_;
  errc cancel_reason_ = errc::deadline_exceeded; ///< of an early end that nobody asked for by name
  std::optional<error> failure_;
  bool inlined_ = false;
  bool ended_ = false;
};

} // namespace crema::internal
