#pragma once

#include "dataflow/error.hpp"
#include "dataflow/op/scatter.hpp"
#include "dataflow/rdd.hpp"

namespace crema {

namespace internal {

/// By the user's function of a pair's key, floored modulo the number of partitions.
template <class F>
struct place_by_function {
  F f;
  hash_partitioner modulo;
  friend auto plan_parts(const place_by_function& whole, auto&& take) { return take(whole.f, whole.modulo); }
  template <class Pair>
  int operator()(const Pair& record) {
    const auto wanted = std::invoke(f, record.first);
    return modulo.of_hash<std::remove_const_t<decltype(wanted)>>(static_cast<std::uint64_t>(wanted));
  }
};

/// Round robin, from a start that differs by partition; the same in every run.
struct place_evenly {
  int partitions;
  int next = 0;
  void start(int partition) { next = partition % partitions; }
  template <class T>
  int operator()(const T&) {
    const int here = next;
    next = here + 1 == partitions ? 0 : here + 1;
    return here;
  }
};

} // namespace internal

template <class T, class Node>
rdd<T> rdd<T, Node>::partition_by(int partitions, source_location where) const {
  static_assert(internal::key_value<T>::valid, "partition_by needs a dataset of std::pair<key, value> records");
  static_assert(hashable_key<K>, "partition_by: the key needs operator== and a hash (see crema::key_hash)");
  internal::checked_partitions("partition_by", partitions);
  using node = internal::scatter_node<decltype(link()), internal::place_by_key>;
  return internal::make_rdd<node>(info("partition_by", where), link(),
                                  internal::place_by_key{hash_partitioner{partitions}}, partitions);
}

template <class T, class Node>
template <class F>
rdd<T> rdd<T, Node>::partition_by(int partitions, F f, source_location where) const {
  static_assert(internal::key_value<T>::valid, "partition_by needs a dataset of std::pair<key, value> records");
  static_assert(std::is_integral_v<std::invoke_result_t<F&, const K&>>,
                "partition_by: the function must map a key to an integer");
  internal::checked_partitions("partition_by", partitions);
  using node = internal::scatter_node<decltype(link()), internal::place_by_function<F>>;
  return internal::make_rdd<node>(info("partition_by", where), link(),
                                  internal::place_by_function<F>{std::move(f), hash_partitioner{partitions}},
                                  partitions);
}

template <class T, class Node>
rdd<T> rdd<T, Node>::repartition(int partitions, source_location where) const {
  using node = internal::scatter_node<decltype(link()), internal::place_evenly>;
  return internal::make_rdd<node>(info("repartition", where), link(), internal::place_evenly{partitions}, partitions);
}

} // namespace crema
