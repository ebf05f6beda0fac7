#pragma once

#include "dataflow/error.hpp"
#include "dataflow/plan/stage.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace crema::internal {

/// A task of any attempt: plans that are made anew may count their stages and tasks differently.
struct task_key {
  stage_key stage;
  int partition = 0;
  auto operator<=>(const task_key&) const = default; // NOLINT(modernize-use-nullptr): not its zero
};

/// What was lost while one plan ran, attempt after attempt, and what had been committed by then. Pure.
///
///     running ──lose──▶ running, with a loss ──next──▶ running, the next attempt
///                                              └─────▶ given up: the error
///
/// An attempt ends with whatever workers were lost in it. Suspected are the tasks that were unfinished on a lost worker
/// in every attempt so far: after three losses one that is alone with that is to blame, after four any that are left.
class attempts {
public:
  static constexpr int most = 4;
  static constexpr int enough_for_one = 3;

  /// The attempt that runs, from 0.
  int current() const noexcept { return current_; }

  /// Tasks by what they are, with the names that they have in this attempt.
  using task_names = std::map<task_key, std::string>;

  /// `how` tells which worker is lost and why; `with` are the tasks that it had and had not committed.
  void lose(std::string how, task_names with);

  /// Begins the next attempt, or says why there is none.
  std::optional<error> next();

  /// The task was committed in an attempt that is over.
  void keep(const task_key& task) { committed_.insert(task); }
  bool kept(const task_key& task) const { return committed_.contains(task); }

  /// Whether the task, which is committed now, is so for the first time.
  bool commits_first(const task_key& task);

  /// Tasks that were committed more than once.
  int recomputed() const noexcept { return recomputed_; }

  /// All that was lost, in words.
  std::string losses() const;

private:
  error give_up() const;

  int current_ = 0;
  int recomputed_ = 0;
  std::vector<std::string> losses_; ///< in all attempts
  std::vector<std::string> how_;    ///< in this one
  task_names with_;                 ///< in this one
  std::optional<task_names> suspects_;
  std::set<task_key> committed_;
};

/// Whether partitions of `top` fit together that were computed by different attempts. What a shuffle gives is in no
/// certain order, and another one behind it may distribute it by that order, so that a record comes to different
/// partitions in different attempts.
bool is_settled(const node& top);

} // namespace crema::internal
