#include "dataflow/op/range.hpp"

#include "dataflow/error.hpp"

#include <fmt/core.h>

namespace crema::internal {

namespace {

std::uint64_t count_of(std::int64_t begin, std::int64_t end, std::int64_t step) {
  if (step == 0)
    throw error{errc::invalid_argument, "range: the step must not be 0"};
  // In unsigned arithmetic, because end - begin may not fit into a signed number.
  const auto b = static_cast<std::uint64_t>(begin);
  const auto e = static_cast<std::uint64_t>(end);
  if (step > 0)
    return end <= begin ? 0 : (e - b - 1) / static_cast<std::uint64_t>(step) + 1;
  return end >= begin ? 0 : (b - e - 1) / (0 - static_cast<std::uint64_t>(step)) + 1;
}

} // namespace

range_node::range_node(node_info info, std::int64_t begin, std::int64_t end, std::int64_t step, int partitions)
    : dataset{std::move(info), dependency::narrow, checked_partitions("range", partitions), {}},
      begin_{begin},
      end_{end},
      step_{step},
      count_{count_of(begin, end, step)} {}

range_node::~range_node() = default;

std::shared_ptr<const range_node> make_range(node_info info, std::int64_t begin, std::int64_t end, std::int64_t step,
                                             int partitions) {
  return std::make_shared<const range_node>(std::move(info), begin, end, step, partitions);
}

std::uint64_t range_node::slice_begin(int p) const {
  return slice_bound(count_, static_cast<std::uint64_t>(p), static_cast<std::uint64_t>(partitions()));
}

range_node::cursor_type range_node::cursor(task_scope&, int p, feeding) const {
  const auto from = slice_begin(p);
  const auto first = static_cast<std::uint64_t>(begin_) + from * static_cast<std::uint64_t>(step_);
  return {static_cast<std::int64_t>(first), step_, slice_begin(p + 1) - from};
}

std::unique_ptr<block_operator> range_node::open(task_scope& task, int p) const {
  return std::make_unique<cursor_operator<std::int64_t, cursor_type>>(cursor(task, p, feeding::pull));
}

std::int64_t range_node::estimate(int p) const {
  return static_cast<std::int64_t>(slice_begin(p + 1) - slice_begin(p));
}

void range_node::write(plan_writer& out) const {
  out.node<range_node>(begin_, end_, step_, partitions());
}

std::string range_node::detail() const {
  return step_ == 1 ? fmt::format("{}..{}", begin_, end_) : fmt::format("{}..{} by {}", begin_, end_, step_);
}

} // namespace crema::internal
