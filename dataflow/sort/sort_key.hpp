#pragma once

#include "dataflow/sort/order_bits.hpp"
#include "dataflow/sort/sort_prefix.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

// The order of keys, as bits.
//
//     order_bits(-1) < order_bits(0);                              // uint32_t, compared as unsigned
//     sort_prefix<std::string>::of("ab") < sort_prefix<std::string>::of("b");
//     sort_order<double, std::greater<>>{}(nan, 1.0);              // a total order, NaN included
//
// Under `std::less` (and, mirrored, `std::greater`) floating-point keys are ordered totally: -0.0 equals 0.0, and all
// NaNs are equal to one another and greater than every number. The same holds within pairs and tuples.

namespace crema::internal {

template <class K>
inline constexpr bool is_tuple_key = false;
template <class A, class B>
inline constexpr bool is_tuple_key<std::pair<A, B>> = true;
template <class... As>
inline constexpr bool is_tuple_key<std::tuple<As...>> = true;

/// Whether `a` is before `b` in ascending order, made total for floating-point numbers.
template <class K>
constexpr bool ascends(const K& a, const K& b) {
  if constexpr (std::is_floating_point_v<K>) {
    return a < b || (b != b && a == a);
  } else if constexpr (is_tuple_key<K>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      int order = 0; // of the first elements that differ
      (void)((...
              || (order = ascends(std::get<I>(a), std::get<I>(b))   ? -1
                          : ascends(std::get<I>(b), std::get<I>(a)) ? 1
                                                                    : 0)));
      return order < 0;
    }
    (std::make_index_sequence<std::tuple_size_v<K>>{});
  } else {
    return std::less<K>{}(a, b);
  }
}

/// What a comparator means for keys of K.
enum class direction { ascending, descending, custom };

template <class K, class Compare>
inline constexpr direction direction_of =
  std::is_same_v<Compare,
                 std::less<>> || std::is_same_v<Compare, std::less<K>> || std::is_same_v<Compare, std::ranges::less>
    ? direction::ascending
  : std::is_same_v<
      Compare,
      std::greater<>> || std::is_same_v<Compare, std::greater<K>> || std::is_same_v<Compare, std::ranges::greater>
    ? direction::descending
    : direction::custom;

/// Whether one key is before another in the order that sorting by `Compare` produces: what merging sorted runs and
/// choosing ranges must use, too.
template <class K, class Compare>
struct sort_order {
  [[no_unique_address]] Compare compare{};

  constexpr bool operator()(const K& a, const K& b) const {
    if constexpr (direction_of<K, Compare> == direction::ascending)
      return ascends(a, b);
    else if constexpr (direction_of<K, Compare> == direction::descending)
      return ascends(b, a);
    else
      return static_cast<bool>(compare(a, b));
  }
};

/// Whether keys of K under `Compare` have prefixes.
template <class K, class Compare>
inline constexpr bool has_prefix = sort_prefix<K>::available&& direction_of<K, Compare> != direction::custom;

/// The prefix of `key` whose ascending order is the order of `Compare`.
template <class K, class Compare>
requires(has_prefix<K, Compare>) std::uint64_t directed_prefix(const K& key)
noexcept {
  const std::uint64_t prefix = sort_prefix<K>::of(key);
  return direction_of<K, Compare> == direction::descending ? ~prefix : prefix;
}

} // namespace crema::internal
