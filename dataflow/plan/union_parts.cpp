#include "dataflow/plan/union_parts.hpp"

#include "dataflow/error.hpp"
#include "dataflow/plan/scope.hpp"

#include <algorithm>

namespace crema::internal {

union_parts::union_parts(const node& top, const job_scope& job) {
  int end = 0;
  std::vector<const node*> open{&top};
  while (!open.empty()) {
    const auto* at = open.back();
    open.pop_back();
    const bool passes = at == &top || (dynamic_cast<const union_base*>(at) != nullptr && !at->stored_in(job));
    if (passes) {
      for (auto parent = at->parents().rbegin(); parent != at->parents().rend(); ++parent)
        open.push_back(parent->get());
    } else {
      end += at->partitions();
      parts_.push_back({end, at});
    }
  }
}

node::place union_parts::find(int partition) const {
  const auto found = std::upper_bound(parts_.begin(), parts_.end(), partition,
                                      [](int wanted, const part& candidate) { return wanted < candidate.end; });
  if (found == parts_.end())
    throw error{errc::internal, "a union was asked for a partition that it does not have"};
  return {found->at, partition - (found->end - found->at->partitions())};
}

node::place part_of(const node& top, const job_scope& job, int p) {
  return job.parts_of(top).find(p);
}

} // namespace crema::internal
