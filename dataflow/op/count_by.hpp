#pragma once

#include "dataflow/op/action.hpp"
#include "dataflow/op/collect.hpp"
#include "dataflow/op/combine_by_key.hpp"
#include "dataflow/op/keyed.hpp"
#include "dataflow/op/map.hpp"

// Actions that give a map: count_by_value, count_by_key, collect_as_map.

namespace crema {

namespace internal {

struct with_one {
  template <class X>
  auto operator()(X&& x) const {
    return std::pair<std::decay_t<X>, std::uint64_t>(std::forward<X>(x), 1);
  }
};

/// Collects pairs into a map; the last of equal keys wins.
template <class K, class V, class Link>
job<hash_map<K, V>> map_job(const Link& from, std::string_view action) {
  require_key<K>();
  auto collected = std::make_shared<block_collector>(static_cast<std::size_t>(from.at->partitions()));
  auto run = start_action(from.at, action, end_in<record_terminal<std::pair<K, V>>>(from), collected);
  return {job_handle{std::move(run)}, [collected, at = from.at, action] {
            return guarded(action_site{at.get(), action}, [&] {
              hash_map<K, V> map;
              for (auto& [key, value] : join_blocks<std::pair<K, V>>(*collected))
                map.insert_or_assign(std::move(key), std::move(value));
              return map;
            });
          }};
}

template <class K, class Link>
auto count_job(node_info info, const Link& from) {
  const auto action = info.op;
  auto ones = make_map(info, from, with_one{});
  const auto counts = std::move(ones).reduce_by_key(std::plus<>{}, 0, info.where);
  return map_job<K, std::uint64_t>(shared_link(counts.node()), action);
}

} // namespace internal

template <class T, class Node>
job<hash_map<T, std::uint64_t>> rdd<T, Node>::count_by_value_async() const {
  return internal::count_job<T>(info("count_by_value", node_->where()), link());
}

template <class T, class Node>
auto rdd<T, Node>::count_by_key_async() const {
  internal::require_pairs<T>();
  const auto keys_only = keys(node_->where());
  return internal::count_job<K>(info("count_by_key", node_->where()), internal::sole_link(keys_only.node()));
}

template <class T, class Node>
auto rdd<T, Node>::collect_as_map_async() const {
  internal::require_pairs<T>();
  return internal::map_job<K, V>(link(), "collect_as_map");
}

} // namespace crema
