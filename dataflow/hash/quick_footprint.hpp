#pragma once

#include "dataflow/block/footprint.hpp"

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// Whether `footprint` of a T takes a constant time, so that it may be asked before and after every change of a value.
template <class T>
constexpr bool has_quick_footprint() {
  if constexpr (flat_record<T> || tells_heap_bytes<T> || std::is_same_v<T, std::string>)
    return true;
  else if constexpr (requires { std::tuple_size<T>::value; })
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (has_quick_footprint<std::tuple_element_t<I, T>>() && ...);
    }
  (std::make_index_sequence<std::tuple_size_v<T>>{});
  else if constexpr (sized_range<T>) return flat_record<typename T::value_type>;
  else return false;
}

} // namespace crema::internal
