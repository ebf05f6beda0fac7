#pragma once

#include "dataflow/op/action.hpp"

namespace crema {

template <class T, class Node>
job<std::vector<T>> rdd<T, Node>::collect_async() const {
  auto from = link();
  auto collected = internal::collect_blocks(num_partitions());
  auto run = internal::start_action(node_, "collect", internal::end_in<internal::record_terminal<T>>(from), collected);
  return {internal::job_handle{std::move(run)}, [collected, at = node_] {
            return internal::guarded(internal::action_site{at.get(), "collect"},
                                     [&] { return internal::join_blocks<T>(*collected); });
          }};
}

} // namespace crema
