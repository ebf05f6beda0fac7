#pragma once

#include "apps/bench/limit/huge_array.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace crema::bench::limit {

/// Stable: `from` to `to`, ordered by the 8 bits of `key_of(row)` at `shift`. In steps of four, because a place is not
/// read before the processor knows where all earlier rows went: one by one this is three times as slow.
template <class Row, class KeyOf>
void radix_pass(const Row* __restrict from, Row* __restrict to, std::size_t size, unsigned shift, KeyOf&& key_of) {
  std::array<std::uint32_t, 256> places{};
  for (std::size_t i = 0; i < size; ++i)
    ++places[key_of(from[i]) >> shift & 0xff];
  std::uint32_t sum = 0;
  for (auto& place : places)
    sum += std::exchange(place, sum);
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    std::array<std::uint32_t, 4> place;
    for (std::size_t j = 0; j < 4; ++j)
      place[j] = places[key_of(from[i + j]) >> shift & 0xff]++;
    for (std::size_t j = 0; j < 4; ++j)
      to[place[j]] = from[i + j];
  }
  for (; i < size; ++i)
    to[places[key_of(from[i]) >> shift & 0xff]++] = from[i];
}

/// Insertion, for what is nearly sorted. Gives up, and returns false, where it is not.
template <class Row, class Less>
bool finish_sorting(Row* rows, std::size_t size, Less&& less) {
  std::size_t moves = 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!less(rows[i], rows[i - 1]))
      continue;
    const auto row = rows[i];
    auto at = i;
    for (; at > 0 && less(row, rows[at - 1]); --at, ++moves)
      rows[at] = rows[at - 1];
    rows[at] = row;
    if (moves > 8 * size + 64)
      return false;
  }
  return true;
}

/// Sorts rows whose `key_of` agrees in all bits from `shift` (at least 16) on: two passes over the next 16 bits put
/// rows where they belong or next to it, insertion does the rest. `spare` has room for them; all should fit in the
/// caches.
template <class Row, class KeyOf, class Less>
void sort_bucket(Row* rows, Row* spare, std::size_t size, unsigned shift, KeyOf&& key_of, Less&& less) {
  if (size > 64) {
    radix_pass(rows, spare, size, shift - 16, key_of);
    radix_pass(spare, rows, size, shift - 8, key_of);
  }
  if (!finish_sorting(rows, size, less))
    std::sort(rows, rows + size, less);
}

} // namespace crema::bench::limit
