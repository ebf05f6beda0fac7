#pragma once

#include "dataflow/op/action.hpp"
#include "dataflow/op/map.hpp"
#include "dataflow/op/parallelize.hpp"
#include "dataflow/view/async_result.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

// How calls become jobs: a piece of calls is a partition with one record, on the engine that shall make them.

namespace crema::internal {

/// Which partition a piece for an engine has. Partition p runs in process p modulo `hosts`, so rows of partitions are
/// a multiple of that apart; an engine is in process `engine` modulo `hosts`. Pure.
struct engine_grid {
  int engines = 1;
  int hosts = 1;

  int width() const noexcept { return (engines + hosts - 1) / hosts * hosts; }
  int partition(int row, int engine) const noexcept { return row * width() + engine; }
};

engine_grid grid_of(context_state& context);

job_handle start_calls(const std::shared_ptr<context_state>& context, job_plan plan,
                       std::shared_ptr<result_handler> results);

template <std::ranges::input_range Range>
auto arguments_of(Range&& range) {
  using T = owned_t<std::ranges::range_value_t<Range>>;
  std::vector<T> all;
  if constexpr (std::ranges::sized_range<Range>)
    all.reserve(static_cast<std::size_t>(std::ranges::size(range)));
  for (auto&& element : range)
    all.emplace_back(std::forward<decltype(element)>(element));
  return all;
}

/// Pieces of calls, each with its partition.
template <class T>
struct dealt_pieces {
  std::vector<call_piece<T>> by_partition;
  std::vector<int> partitions; ///< that have one, in the order of the pieces
};

/// Gives piece i to the i-th of `engines`, round after round.
template <class T>
dealt_pieces<T> deal(std::vector<call_piece<T>> pieces, const std::vector<int>& engines, const engine_grid& grid,
                     const std::function<void(const call_piece<T>&, int)>& dealt) {
  dealt_pieces<T> all;
  const auto rows = (pieces.size() + engines.size() - 1) / engines.size();
  all.by_partition.resize(rows * static_cast<std::size_t>(grid.width()));
  for (std::size_t i = 0; i != pieces.size(); ++i) {
    const int engine = engines[i % engines.size()];
    const int partition = grid.partition(static_cast<int>(i / engines.size()), engine);
    dealt(pieces[i], engine);
    all.partitions.push_back(partition);
    all.by_partition[static_cast<std::size_t>(partition)] = std::move(pieces[i]);
  }
  return all;
}

/// `arguments` in `count` pieces of nearly the same size, the first ones the largest; none of them is empty.
template <class T>
std::vector<call_piece<T>> cut(std::vector<T> arguments, std::size_t count) {
  count = std::min(count, arguments.size());
  std::vector<call_piece<T>> pieces;
  auto next = arguments.begin();
  for (std::size_t i = 0; i != count; ++i) {
    const auto first = static_cast<std::uint64_t>(next - arguments.begin());
    const auto size = static_cast<std::ptrdiff_t>((arguments.size() - first) / (count - i)
                                                  + ((arguments.size() - first) % (count - i) != 0 ? 1 : 0));
    pieces.emplace_back(first, std::vector<T>(std::move_iterator{next}, std::move_iterator{next + size}));
    next += size;
  }
  return pieces;
}

/// The calls of `f` with the pieces of `from`, as a job's plan over `partitions`.
template <class T, class Link, class F>
job_plan plan_calls(const node_info& info, Link from, F f, std::vector<int> partitions) {
  using function = piece_calls<F, T>;
  auto calls = make_map(info, std::move(from), function{std::move(f)});
  using results = typename decltype(calls)::value_type;
  auto link = sole_link(calls.node());
  return plan_action(link.at, info.op, end_in<record_terminal<results>>(link), std::move(partitions));
}

template <class T, class F>
job_plan plan_pieces(const node_info& info, std::vector<call_piece<T>> by_partition, F f, std::vector<int> partitions) {
  const auto count = static_cast<int>(by_partition.size());
  auto pieces = make_rdd<parallelize_node<call_piece<T>>>(
    info, std::make_shared<const std::vector<call_piece<T>>>(std::move(by_partition)), count);
  return plan_calls<T>(info, sole_link(pieces.node()), std::move(f), std::move(partitions));
}

} // namespace crema::internal
