#pragma once

#include "dataflow/error.hpp"
#include "dataflow/rdd.hpp"

namespace crema {

namespace internal {

/// The partitions of several datasets, one after the other. It has no operator: its partitions *are* the parents'.
template <class T>
class union_node final : public dataset<T> {
public:
  union_node(node_info info, std::vector<node_ptr> parents)
      : dataset<T>{std::move(info), dependency::narrow, sum_of_partitions(parents), parents} {}

  std::unique_ptr<block_operator> open(task_scope&, int) const override { return nullptr; }
  node::place upstream(const job_scope&, int p) const override { return find(p); }
  void inputs(int p, std::vector<node::place>& out) const override { out.push_back(find(p)); }

private:
  static int sum_of_partitions(const std::vector<node_ptr>& parents) {
    std::int64_t sum = 0;
    for (const auto& parent : parents)
      sum += parent->partitions();
    return sum > std::numeric_limits<int>::max() ? -1 : static_cast<int>(sum);
  }

  node::place find(int p) const {
    for (const auto& parent : this->parents()) {
      if (p < parent->partitions())
        return {parent.get(), p};
      p -= parent->partitions();
    }
    throw error{errc::internal, "union_with: no such partition"};
  }
};

} // namespace internal

template <class T, class Node>
rdd<T> rdd<T, Node>::union_with(const rdd<T>& other, source_location where) const {
  return internal::make_rdd<internal::union_node<T>>(info("union_with", where),
                                                     std::vector<internal::node_ptr>{node_, other.node()});
}

} // namespace crema
