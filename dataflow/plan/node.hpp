#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/block/block_codec.hpp"

#include "dataflow/source_location.hpp"
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace crema {

class context;

/// Where `persist` keeps the blocks of a dataset once they are computed.
enum class storage : unsigned char {
  none,   ///< nowhere: computed again by every action
  memory, ///< in memory while the budget allows, the rest on disk
  disk,   ///< on disk
};

namespace internal {

class block_operator;
class context_state;
class job_scope;
class node;
class plan_writer;
class task_scope;

using node_ptr = std::shared_ptr<const node>;

/// How a node depends on its parents.
enum class dependency {
  /// Each partition reads given partitions of the parents, in the same stage.
  narrow,
  /// Every partition reads a share of every parent partition: a stage ends here.
  wide,
};

/// What every node is told when it is made: who asks, under which name, from which line.
struct node_info {
  std::shared_ptr<context_state> context;
  std::string_view op; ///< a literal: "map", "reduce_by_key", …
  source_location where;
  std::uint64_t id = 0;  ///< of the node in the driver, where it is restored elsewhere; 0 is the next
  bool io_bound = false; ///< the user's function waits more than it computes
};

/// One operation of a lineage: the lazy plan is a graph of these, child to parents.
///
/// Nodes are immutable once a child or an action has seen them, but for the name and the persistence mark.
/// The graph has no cycle, and taking a long lineage apart needs no deep stack.
class node : public std::enable_shared_from_this<node> {
public:
  static constexpr std::uint64_t plan_mark = 0x646e'2d61'6d65'7263; // "crema-nd"

  node(node_info info, dependency kind, int partitions, std::vector<node_ptr> parents);
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  virtual ~node();

  std::uint64_t id() const noexcept { return id_; }
  std::string_view op() const noexcept { return info_.op; }
  const source_location& where() const noexcept { return info_.where; }
  const std::shared_ptr<context_state>& context() const noexcept { return info_.context; }
  dependency kind() const noexcept { return kind_; }
  int partitions() const noexcept { return partitions_; }
  bool io_bound() const noexcept { return info_.io_bound; }
  const std::vector<node_ptr>& parents() const noexcept { return parents_; }

  /// The user's name for this dataset, or empty.
  std::string name() const;
  void set_name(std::string name) const;

  /// What explain() adds in brackets: a path, a bound, a partitioner.
  virtual std::string detail() const { return {}; }

  /// Source: the number of records in `partition`, or -1 when it cannot be told: decides whether a job is tiny.
  virtual std::int64_t estimate(int partition) const;

  /// The parent's partition that partition `p` of a narrow node with one line of input reads.
  struct place {
    const node* at = nullptr;
    int partition = 0;
  };

  /// All parent partitions that partition `p` reads; empty for a source and for a wide node. A node that fuses reads
  /// what its parent reads; any other narrow one reads partition `p` of its first parent.
  virtual void inputs(const job_scope& job, int p, std::vector<place>& out) const;

  /// Whether this node runs its parent's loop itself, so that it reads what the parent reads and never the parent's
  /// store.
  virtual bool fuses() const noexcept { return false; }

  /// Where blocks that feed this node's operator come from: a narrow node over erased blocks names its parent;
  /// a root (source, shuffle, stored partition, coalesce) names nothing.
  virtual place upstream(const job_scope& job, int p) const;

  /// Opens the operator of partition `p`: a root produces blocks, a narrow one transforms them. Null for a node that
  /// only forwards to another one's partition.
  virtual std::unique_ptr<block_operator> open(task_scope& task, int p) const = 0;

  virtual record_type records() const = 0;

  /// Writes its type and what it is made of beside what every node has.
  virtual void write(plan_writer& out) const = 0;

  /// Source: adds the records of `partition` that this process alone has to what travels with a task that reads them.
  virtual void write_source(int partition, byte_writer& out) const;

  /// What `write_source` wrote, for job_scope::source.
  virtual std::shared_ptr<const void> read_source(byte_reader& in) const;

  /// How blocks of this node's records are written to disk or to the wire; null when the record type cannot be.
  const block_codec* codec() const { return records().codec; }

  /// Whether reads of this node come from its store in `job`: it is cached, or shared by two readers of the job.
  bool stored_in(const job_scope& job) const;

  /// How the records of this node are kept once computed, if at all.
  storage persistence() const noexcept { return persistence_.load(std::memory_order_relaxed); }
  void persist(storage level) const noexcept { persistence_.store(level, std::memory_order_relaxed); }

private:
  node_info info_;
  std::uint64_t id_;
  dependency kind_;
  int partitions_;
  std::vector<node_ptr> parents_;
  mutable std::shared_ptr<const std::string> name_;
  mutable std::atomic<storage> persistence_{storage::none};
};

/// "main.cpp:42", the last component of the file alone.
std::string to_string(const source_location& where);

/// A node whose partitions hold records of T, read as blocks: what `rdd<T>` refers to.
template <class T>
class dataset : public node {
public:
  using value_type = T;
  using node::node;

  record_type records() const override { return record_type_of<T>(); }
};

// What sources give: compiled once, in the library.
extern template class dataset<std::int64_t>;
extern template class dataset<std::string>;

} // namespace internal
} // namespace crema
