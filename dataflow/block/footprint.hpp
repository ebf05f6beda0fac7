#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// Bytes that a record owns outside of its own `sizeof`: what a memory budget must count beside the block.
///
/// Known for strings, pairs, tuples, optionals and containers of such; a user type may offer an ADL function
/// `std::size_t heap_bytes(const T&)`. A type that says nothing counts as zero.
template <class T>
std::size_t footprint(const T& value);

template <class T>
concept sized_range = requires(const T& t) {
  typename T::value_type;
  t.begin();
  t.end();
  t.size();
};

template <class T>
concept tells_heap_bytes = requires(const T& t) {
  { heap_bytes(t) } -> std::convertible_to<std::size_t>;
};

/// Whether every T has the footprint zero, so that nobody needs to ask.
template <class T>
inline constexpr bool flat_record = std::is_trivially_copyable_v<T> && !tells_heap_bytes<T>;

template <class T>
std::size_t footprint([[maybe_unused]] const T& value) {
  if constexpr (flat_record<T>) {
    return 0;
  } else if constexpr (tells_heap_bytes<T>) {
    return heap_bytes(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.capacity() < sizeof(std::string) / 2 ? 0 : value.capacity() + 1;
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      using std::get;
      return (std::size_t{0} + ... + footprint(get<I>(value)));
    }
    (std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (sized_range<T>) {
    using value_type = typename T::value_type;
    std::size_t room = value.size();
    if constexpr (requires { value.capacity(); })
      room = value.capacity();
    // A node container pays two or three pointers an element; 16 bytes is the usual price beyond the element.
    constexpr std::size_t overhead = requires {
      value.data();
    }
    ? 0 : 16;
    std::size_t bytes = room * (sizeof(value_type) + overhead);
    if constexpr (!flat_record<value_type>)
      for (const auto& element : value)
        bytes += footprint(element);
    return bytes;
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? footprint(*value) : 0;
  } else {
    return 0;
  }
}

} // namespace crema::internal
