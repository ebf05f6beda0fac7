#pragma once

#include "dataflow/hash/key_code.hpp"
#include "dataflow/hash/key_hash.hpp"
#include "dataflow/hash/same_key.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>

// The two forms in which a join holds the pairs of a side: as they are, where copying and hashing them costs nothing
// and runs no code of the user's, else where they lie, with their hash.

namespace crema::internal {

template <class K, class V>
struct linked_row {
  std::uint64_t hash;
  std::pair<K, V>* pair;
};

template <class K, class V>
inline constexpr bool flat_row = coded_key<K>&& std::is_trivially_copy_constructible_v<std::pair<K, V>>&&
                                   std::is_trivially_destructible_v<V> && sizeof(std::pair<K, V>) <= 64;

template <class K, class V>
using join_row = std::conditional_t<flat_row<K, V>, std::pair<K, V>, linked_row<K, V>>;

template <class K, class V>
std::uint64_t row_hash(const std::pair<K, V>& row) {
  return spread_hash(row.first);
}
template <class K, class V>
std::uint64_t row_hash(const linked_row<K, V>& row) noexcept {
  return row.hash;
}

template <class K, class V>
const std::pair<K, V>& row_pair(const std::pair<K, V>& row) noexcept {
  return row;
}
template <class K, class V>
std::pair<K, V>& row_pair(const linked_row<K, V>& row) noexcept {
  return *row.pair;
}

template <class A, class B>
bool rows_match(const A& a, const B& b) {
  if constexpr (requires { a.hash == b.hash; })
    if (a.hash != b.hash)
      return false;
  return same_key(row_pair(a).first, row_pair(b).first);
}

} // namespace crema::internal
