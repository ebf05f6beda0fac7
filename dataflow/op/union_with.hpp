#pragma once

#include "dataflow/plan/union_parts.hpp"
#include "dataflow/rdd.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace crema {

namespace internal {

template <class T>
using datasets = std::vector<std::shared_ptr<const dataset<T>>>;

/// In a plan: all parents of their node.
template <class T>
struct plan_part<datasets<T>> {
  static void write(const datasets<T>&, plan_writer&) {}
  static datasets<T> read(plan_reader& in) {
    datasets<T> all;
    while (in.parents_left() != 0)
      all.push_back(in.parent<dataset<T>>());
    return all;
  }
};

/// The partitions of several datasets, one after the other. It has no operator: its partitions *are* the parents'.
template <class T>
class union_node final : public dataset<T>, public union_base {
public:
  union_node(node_info info, const datasets<T>& parents)
      : dataset<T>{std::move(info), dependency::narrow, sum_of_partitions(parents), {parents.begin(), parents.end()}} {}

  std::unique_ptr<block_operator> open(task_scope&, int) const override { return nullptr; }
  node::place upstream(const job_scope& job, int p) const override { return part_of(*this, job, p); }
  void inputs(const job_scope& job, int p, std::vector<node::place>& out) const override {
    out.push_back(upstream(job, p));
  }

  void write(plan_writer& out) const override { out.node<union_node>(datasets<T>{}); }

private:
  static int sum_of_partitions(const datasets<T>& parents) {
    std::int64_t sum = 0;
    for (const auto& parent : parents)
      sum += parent->partitions();
    return sum > std::numeric_limits<int>::max() ? -1 : static_cast<int>(sum);
  }
};

} // namespace internal

template <class T, class Node>
rdd<T> rdd<T, Node>::union_with(const rdd<T>& other, source_location where) const {
  return internal::make_rdd<internal::union_node<T>>(info("union_with", where),
                                                     internal::datasets<T>{node_, other.node()});
}

} // namespace crema
