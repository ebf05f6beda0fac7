#pragma once

#include "dataflow/rdd.hpp"

namespace crema {

template <class T, class Node>
rdd<T> rdd<T, Node>::persist(storage level) const {
  internal::persist(*node_, level);
  return *this;
}

template <class T, class Node>
rdd<T> rdd<T, Node>::unpersist() const {
  internal::persist(*node_, storage::none);
  return *this;
}

template <class T, class Node>
std::string rdd<T, Node>::explain() const {
  return internal::explain(node_);
}

} // namespace crema
