#pragma once

#include "dataflow/error.hpp"
#include "dataflow/plan/barrier.hpp"
#include "dataflow/plan/task.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace crema::internal {

/// Makes the task of one partition of a stage.
using task_factory = std::function<std::unique_ptr<task>(std::shared_ptr<const job_scope>, task_id)>;

/// How the tasks of an action end: what an action adds to the nodes of its lineage. Immutable.
class action_tasks {
public:
  static constexpr std::uint64_t plan_mark = 0x6361'2d61'6d65'7263; // "crema-ac"

  explicit action_tasks(bool io_bound = false) noexcept : io_bound_{io_bound} {}
  virtual ~action_tasks() = default;

  /// Whether the user's function at the end waits more than it computes.
  bool io_bound() const noexcept { return io_bound_; }

  virtual std::unique_ptr<task> make(std::shared_ptr<const job_scope> job, task_id id) const = 0;

  /// The records of the result's blocks.
  virtual record_type emits() const = 0;

  /// Writes its type and what it is made of.
  virtual void write(plan_writer& out) const = 0;

private:
  bool io_bound_;
};

/// How the records of one parent enter a shuffle: what its tasks do behind the parent's last narrow operation.
struct shuffle_input {
  task_factory make;
  record_type emits;
  agreement agree{}; ///< only if the tasks stop at a barrier
  const barrier_codec* barrier = nullptr;
};

/// A node behind wide edges: every partition reads a share of every partition of each parent.
/// Its `open` makes the operator that reads the shuffle and registers it as its task's input.
class shuffle_base {
public:
  virtual ~shuffle_base() = default;

  /// The work on the sending side, for parent `input`. Channel c of its tasks leads to partition c of this node.
  virtual shuffle_input sender(int input) const = 0;
};

/// Where the blocks of a stage go.
struct stage_output {
  enum class kind { result, exchange, store };
  kind to = kind::result;
  int consumer = -1;             ///< exchange: the stage that reads
  int input = 0;                 ///< exchange: which of the shuffle's parents this is
  const node* shuffle = nullptr; ///< exchange: whose parent
  std::vector<int> route;        ///< exchange: channel → index of the consumer's task, -1 when nobody reads it
};

/// A run of narrow operations between sources or shuffles and the next shuffle, store or result: one task a partition.
struct stage {
  int id = 0;
  const node* top = nullptr;   ///< the last narrow operation; for a store, what is stored
  bool computes_top = false;   ///< its tasks run the loop of `top`, even where `top` is stored
  bool io_bound = false;       ///< its tasks wait more than they compute
  std::string title;           ///< the operation that gives the stage its name: "reduce_by_key"
  std::vector<int> partitions; ///< of `top`; the index into this list is a task's index
  task_factory make;
  record_type emits{};
  agreement agree;
  const barrier_codec* barrier = nullptr;
  stage_output output;
  std::vector<int> producers;     ///< stages whose exchange leads here, by input
  std::vector<int> after;         ///< stages that must be done before this one starts
  std::vector<const node*> roots; ///< sources, shuffles and stores that this stage reads
};

/// What a stage computes and for whom, whatever its number: the same in all plans for one request.
struct stage_key {
  std::uint64_t top = 0;
  stage_output::kind to = stage_output::kind::result;
  std::uint64_t shuffle = 0;
  int input = 0;
  auto operator<=>(const stage_key&) const = default; // NOLINT(modernize-use-nullptr): not its zero
};
stage_key key_of(const stage& of);

/// What the tasks of a stage do at their end.
void set_tasks(stage& of, std::shared_ptr<const action_tasks> tasks);
void set_tasks(stage& of, shuffle_input sender);

/// A job, cut into stages. Producers come before consumers.
struct job_plan {
  std::vector<stage> stages;
  std::shared_ptr<job_scope> scope;
  std::shared_ptr<const action_tasks> action;          ///< how the stage ends that gives the result
  std::vector<std::shared_ptr<const void>> keep_alive; ///< what stages point to

  /// The same for these partitions of the last stage's top, with what is stored now taken from its stores.
  std::function<job_plan(std::vector<int> partitions)> again;

  std::size_t tasks() const;
};

/// What an action asks for: these partitions of `top`, each ended by one of `tasks`.
struct request {
  node_ptr top;
  std::string action; ///< "collect"
  std::vector<int> partitions;
  std::shared_ptr<const action_tasks> tasks; ///< null for a plan that is only shown
};

/// Cuts the lineage of `wanted` at its wide edges, its caches and its shared parts. What is stored is decided once,
/// also for plans that are made `again`.
job_plan compile(const request& wanted, std::shared_ptr<job_scope> scope);

/// What the task for partition `p` of `top` reads: sources, shuffles, and nodes that the job stores. With
/// `compute_first` it computes `top`, whether that is stored or not.
std::vector<node::place> roots_of(const node& top, int p, bool compute_first, const job_scope& job);

/// Where a failure of task `id` of stage `of` happened, as far as the stage knows.
error::site site_of(const stage& of, const task_id& id);

/// The plan as text, for explain() and golden tests.
std::string to_text(const job_plan& plan);

} // namespace crema::internal
