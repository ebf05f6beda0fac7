#pragma once

#include "dataflow/plan/union_parts.hpp"
#include "dataflow/rdd.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace crema {

namespace internal {

/// The partitions of several datasets, one after the other. It has no operator: its partitions *are* the parents'.
template <class T>
class union_node final : public dataset<T>, public union_base {
public:
  union_node(node_info info, std::vector<node_ptr> parents)
      : dataset<T>{std::move(info), dependency::narrow, sum_of_partitions(parents), parents} {}

  std::unique_ptr<block_operator> open(task_scope&, int) const override { return nullptr; }
  node::place upstream(const job_scope& job, int p) const override { return part_of(*this, job, p); }
  void inputs(const job_scope& job, int p, std::vector<node::place>& out) const override {
    out.push_back(upstream(job, p));
  }

private:
  static int sum_of_partitions(const std::vector<node_ptr>& parents) {
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
                                                     std::vector<internal::node_ptr>{node_, other.node()});
}

} // namespace crema
