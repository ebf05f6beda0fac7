#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

namespace crema::internal {

/// Merges the sorted runs [begin, middle) and [middle, end) through a buffer of `middle - begin` values.
template <class U, class Less>
void merge_runs(U* begin, U* middle, U* end, U* buffer, Less& less) {
  const U* left = buffer;
  const U* const left_end = std::copy(begin, middle, buffer);
  const U* right = middle;
  U* to = begin;
  while (left != left_end && right != end) {
    const bool right_first = less(*right, *left);
    *to++ = *(right_first ? right : left);
    right += right_first;
    left += !right_first;
  }
  std::copy(left, left_end, to);
}

/// Sorts trivial values stably, ascending by `less`, with as much memory again.
///
/// Unlike `std::stable_sort` it stays within its bounds and ends whatever `less` answers, random answers included; the
/// order is unspecified then, but every value is still there. When `less` throws, some may be lost.
template <class U, class Less>
void merge_sort(std::span<U> values, Less&& less) {
  static_assert(std::is_trivially_copyable_v<U>);
  constexpr std::size_t width = 16;
  const std::size_t n = values.size();
  for (std::size_t begin = 0; begin < n; begin += width)
    for (std::size_t i = begin + 1; i < std::min(begin + width, n); ++i) {
      const U value = values[i];
      std::size_t j = i;
      for (; j != begin && less(value, values[j - 1]); --j)
        values[j] = values[j - 1];
      values[j] = value;
    }
  if (n <= width)
    return;
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(n * sizeof(U));
  auto* const room = reinterpret_cast<U*>(buffer.get());
  for (std::size_t run = width; run < n; run *= 2)
    for (std::size_t begin = 0; begin + run < n; begin += 2 * run) {
      U* const middle = values.data() + begin + run;
      if (less(*middle, *(middle - 1)))
        merge_runs(values.data() + begin, middle, values.data() + std::min(begin + 2 * run, n), room, less);
    }
}

} // namespace crema::internal
