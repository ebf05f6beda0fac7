#pragma once

#include "dataflow/error.hpp"
#include "dataflow/plan/task.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace crema::internal {

/// Makes the task of one partition of a stage.
using task_factory = std::function<std::unique_ptr<task>(std::shared_ptr<const job_scope>, task_id)>;

/// Brings what all tasks of a stage said at a barrier into one value for all of them. Pure; `said[i]` is task i's.
using agreement = std::function<std::shared_ptr<const void>(const std::vector<std::shared_ptr<const void>>& said)>;

/// How the records of one parent enter a shuffle: what its tasks do behind the parent's last narrow operation.
struct shuffle_input {
  task_factory make;
  agreement agree; ///< only if the tasks stop at a barrier
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
  int consumer = -1;      ///< exchange: the stage that reads
  int input = 0;          ///< exchange: which of the shuffle's parents this is
  std::vector<int> route; ///< exchange: channel → index of the consumer's task, -1 when nobody reads it
};

/// A run of narrow operations between sources or shuffles and the next shuffle, store or result: one task a partition.
struct stage {
  int id = 0;
  const node* top = nullptr;   ///< the last narrow operation; for a store, what is stored
  bool computes_top = false;   ///< its tasks run the loop of `top`, even where `top` is stored
  std::string title;           ///< the operation that gives the stage its name: "reduce_by_key"
  std::vector<int> partitions; ///< of `top`; the index into this list is a task's index
  task_factory make;
  agreement agree;
  stage_output output;
  std::vector<int> producers;     ///< stages whose exchange leads here, by input
  std::vector<int> after;         ///< stages that must be done before this one starts
  std::vector<const node*> roots; ///< sources, shuffles and stores that this stage reads
};

/// A job, cut into stages. Producers come before consumers.
struct job_plan {
  std::vector<stage> stages;
  std::shared_ptr<job_scope> scope;
  std::vector<node_ptr> keep_alive;

  std::size_t tasks() const;
};

/// What an action asks for: these partitions of `top`, each ended by the tasks that `make` makes.
struct request {
  node_ptr top;
  std::string action; ///< "collect"
  std::vector<int> partitions;
  task_factory make;
};

/// Cuts the lineage of `wanted` at its wide edges, its caches and its shared parts.
job_plan compile(const request& wanted, std::shared_ptr<job_scope> scope);

/// Where a failure of task `id` of stage `of` happened, as far as the stage knows.
error::site site_of(const stage& of, const task_id& id);

/// The plan as text, for explain() and golden tests.
std::string to_text(const job_plan& plan);

} // namespace crema::internal
