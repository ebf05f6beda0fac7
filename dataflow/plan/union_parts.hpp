#pragma once

#include "dataflow/plan/node.hpp"

#include <vector>

namespace crema::internal {

/// A node whose partitions are those of its parents, one after the other.
class union_base {
public:
  virtual ~union_base() = default;
};

/// Whose partitions those of a union are in one job. Unions of unions are one list, up to what the job stores: ten
/// thousand of them in a row cost each partition one search, not a step for each.
class union_parts {
public:
  union_parts(const node& top, const job_scope& job);

  /// Cost: the logarithm of the number of parts.
  node::place find(int partition) const;

private:
  struct part {
    int end; ///< one past its last partition, as the union counts them
    const node* at;
  };
  std::vector<part> parts_;
};

/// Whose partition, in `job`, partition `p` of the union `top` is: neither a union nor the top, but where it is stored.
node::place part_of(const node& top, const job_scope& job, int p);

} // namespace crema::internal
