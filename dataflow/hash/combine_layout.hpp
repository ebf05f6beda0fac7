#pragma once

#include "dataflow/hash/direct_layout.hpp"
#include "dataflow/hash/object_layout.hpp"
#include "dataflow/hash/string_layout.hpp"

#include <string>
#include <type_traits>

namespace crema::internal {

/// What the slots of a table from K to C look like.
template <class K, class C>
struct combine_layout {
  using type = object_layout<K, C>;
};

template <class C>
struct combine_layout<std::string, C> {
  using type = string_layout<C>;
};

template <coded_key K, class C>
requires(std::is_trivially_copyable_v<C> && sizeof(C) <= 128) struct combine_layout<K, C> {
  using type = direct_layout<K, C>;
};

} // namespace crema::internal
