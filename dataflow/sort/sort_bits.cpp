#include "dataflow/sort/sort_bits.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <hwy/contrib/sort/vqsort.h>
#include <limits>
#include <memory>
#include <utility>

namespace crema::internal {

namespace {

constexpr std::size_t small_sort = 256;
constexpr std::size_t cached_bucket = std::size_t{1} << 15;

// Least significant digit first, through a scratch array of the same size that fits into the cache.
template <class U>
void sort_cached(U* numbers, U* scratch, std::size_t n, unsigned bits) {
  const unsigned most = n < 4096 ? 8 : 11;
  const unsigned passes = (bits + most - 1) / most;
  const unsigned digit_bits = (bits + passes - 1) / passes;
  const U mask = static_cast<U>((U{1} << digit_bits) - 1);
  std::array<std::uint32_t, 2048> place;
  U* from = numbers;
  U* to = scratch;
  for (unsigned pass = 0; pass != passes; ++pass) {
    const unsigned shift = pass * digit_bits;
    std::fill_n(place.begin(), mask + 1, 0U);
    for (std::size_t i = 0; i != n; ++i)
      ++place[(from[i] >> shift) & mask];
    std::uint32_t next = 0;
    for (std::size_t digit = 0; digit <= mask; ++digit)
      next += std::exchange(place[digit], next);
    for (std::size_t i = 0; i != n; ++i)
      to[place[(from[i] >> shift) & mask]++] = from[i];
    std::swap(from, to);
  }
  if (from != numbers)
    std::memcpy(numbers, from, n * sizeof(U));
}

// Moves every number into the bucket of its digit by following the cycles of the permutation ("American flag" sort).
template <class U>
std::unique_ptr<std::size_t[]> to_buckets(U* numbers, std::size_t n, unsigned shift, U mask) {
  auto ends = std::make_unique<std::size_t[]>(std::size_t{mask} + 1);
  auto heads = std::make_unique<std::size_t[]>(std::size_t{mask} + 1);
  for (std::size_t i = 0; i != n; ++i)
    ++ends[(numbers[i] >> shift) & mask];
  std::size_t next = 0;
  for (std::size_t digit = 0; digit <= mask; ++digit) {
    heads[digit] = next;
    next += ends[digit];
    ends[digit] = next;
  }
  for (std::size_t digit = 0; digit <= mask; ++digit)
    while (heads[digit] < ends[digit]) {
      U number = numbers[heads[digit]];
      for (std::size_t home = (number >> shift) & mask; home != digit; home = (number >> shift) & mask)
        std::swap(number, numbers[heads[home]++]);
      numbers[heads[digit]++] = number;
    }
  return ends;
}

template <class U>
void sort_digits(U* numbers, std::size_t n, U* scratch) {
  if (n < small_sort) {
    std::sort(numbers, numbers + n);
    return;
  }
  U varying = 0;
  for (std::size_t i = 1; i != n; ++i)
    varying |= numbers[i] ^ numbers[0];
  const auto bits = static_cast<unsigned>(std::bit_width(varying));
  if (bits == 0)
    return;
  if (n <= cached_bucket) {
    if (n < 1500 && bits > 22)
      std::sort(numbers, numbers + n);
    else
      sort_cached(numbers, scratch, n, bits);
    return;
  }
  const auto wanted = static_cast<unsigned>(std::bit_width(n / (cached_bucket / 2)));
  const unsigned digit_bits = std::min(bits, std::clamp(wanted, 6U, 10U));
  const U mask = static_cast<U>((U{1} << digit_bits) - 1);
  const auto ends = to_buckets(numbers, n, bits - digit_bits, mask);
  std::size_t begin = 0;
  for (std::size_t digit = 0; digit <= mask; ++digit) {
    sort_digits(numbers + begin, ends[digit] - begin, scratch);
    begin = ends[digit];
  }
}

template <class U>
void sort_by_digits(U* numbers, std::size_t n) {
  if (n < small_sort)
    std::sort(numbers, numbers + n);
  else
    sort_digits(numbers, n, std::make_unique_for_overwrite<U[]>(std::min(n, cached_bucket)).get());
}

template <class U>
void sort_by_counting(U* numbers, std::size_t n) {
  constexpr std::size_t values = std::size_t{std::numeric_limits<U>::max()} + 1;
  constexpr std::size_t few = sizeof(U) == 1 ? small_sort : 4 * small_sort; // beside the values to be counted
  if (n < few) {
    std::sort(numbers, numbers + n);
    return;
  }
  const auto count = std::make_unique<std::size_t[]>(values);
  for (std::size_t i = 0; i != n; ++i)
    ++count[numbers[i]];
  for (std::size_t value = 0; value != values; ++value)
    numbers = std::fill_n(numbers, count[value], static_cast<U>(value));
}

} // namespace

void sort_bits(std::uint8_t* numbers, std::size_t n) {
  sort_by_counting(numbers, n);
}
void sort_bits(std::uint16_t* numbers, std::size_t n) {
  sort_by_counting(numbers, n);
}

// Not hwy: its 32-bit sort writes with compress-stores, which Zen 4 runs in microcode (60 ns a number).
void sort_bits(std::uint32_t* numbers, std::size_t n) {
  sort_by_digits(numbers, n);
}

void sort_bits(std::uint64_t* numbers, std::size_t n) {
  if (n < small_sort)
    std::sort(numbers, numbers + n);
  else if (__builtin_cpu_supports("avx2"))
    hwy::Sorter{}(numbers, n, hwy::SortAscending{});
  else
    sort_by_digits(numbers, n);
}

void radix_sort(std::uint64_t* numbers, std::size_t n) {
  sort_by_digits(numbers, n);
}

} // namespace crema::internal
