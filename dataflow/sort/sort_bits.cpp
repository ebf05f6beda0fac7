#include "dataflow/sort/sort_bits.hpp"

#include "dataflow/block/page_buffer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

constexpr std::size_t inserted = 32;                 // at most so many are sorted by insertion
constexpr std::size_t cached = std::size_t{1} << 15; // these and as much scratch fit into a second-level cache

/// Insertion, for what is nearly sorted. Gives up, and returns false, after `patience` moves.
template <class U>
bool insert_each(U* numbers, std::size_t n, std::size_t patience) {
  std::size_t moves = 0;
  for (std::size_t i = 1; i < n; ++i) {
    if (numbers[i - 1] <= numbers[i])
      continue;
    const U number = numbers[i];
    std::size_t at = i;
    for (; at != 0 && number < numbers[at - 1]; --at, ++moves)
      numbers[at] = numbers[at - 1];
    numbers[at] = number;
    if (moves > patience)
      return false;
  }
  return true;
}

/// Where numbers lie. What is sorted by is their distance from the least one: its bits are as few as can be.
template <class U>
struct extent {
  U least;
  unsigned bits;
};

template <class U>
extent<U> extent_of(const U* numbers, std::size_t n) {
  U least = numbers[0];
  U greatest = numbers[0];
  for (std::size_t i = 1; i != n; ++i) {
    least = std::min(least, numbers[i]);
    greatest = std::max(greatest, numbers[i]);
  }
  return {least, static_cast<unsigned>(std::bit_width(static_cast<U>(greatest - least)))};
}

/// Some of the bits of a number's distance from the least.
template <class U>
struct digit_of {
  U least;
  unsigned shift;
  unsigned bits;
  std::size_t count() const { return std::size_t{1} << bits; }
  std::size_t operator()(U number) const { return static_cast<U>(number - least) >> shift & (count() - 1); }
};

/// Copies each number to the next place of its digit.
///
/// In steps of four: a place must not be read before the processor knows where all earlier numbers went, for they might
/// have gone there. So the numbers would move one after the other, at a third of the speed.
template <class U>
void place_each(const U* __restrict from, U* __restrict to, std::size_t n, digit_of<U> digit,
                std::uint32_t* __restrict places) {
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    std::uint32_t place[4];
    for (std::size_t j = 0; j != 4; ++j)
      place[j] = places[digit(from[i + j])]++;
    for (std::size_t j = 0; j != 4; ++j)
      to[place[j]] = from[i + j];
  }
  for (; i != n; ++i)
    to[places[digit(from[i])]++] = from[i];
}

/// Puts the numbers of all parts into the order of the `wanted` bits above `shift`, stably, the low digit first.
template <class U>
void sort_by_two_digits(parts_of<U> parts, U* scratch, U* to, std::size_t n, U least, unsigned shift, unsigned wanted) {
  constexpr std::size_t most = 512;
  const digit_of<U> low{least, shift, wanted / 2};
  const digit_of<U> high{least, shift + low.bits, wanted - low.bits};
  std::array<std::uint32_t, most> low_places, high_places;
  std::fill_n(low_places.begin(), low.count(), 0U);
  std::fill_n(high_places.begin(), high.count(), 0U);
  for (const auto part : parts)
    for (const U number : part) {
      ++low_places[low(number)];
      ++high_places[high(number)];
    }
  std::uint32_t next = 0;
  for (std::size_t i = 0; i != low.count(); ++i)
    next += std::exchange(low_places[i], next);
  next = 0;
  for (std::size_t i = 0; i != high.count(); ++i)
    next += std::exchange(high_places[i], next);
  for (const auto part : parts)
    place_each(part.data(), scratch, part.size(), low, low_places.data());
  place_each(scratch, to, n, high, high_places.data());
}

template <class U>
void sort_cached(U* numbers, U* scratch, std::size_t n);

/// At most `cached` numbers. So many of their highest bits that hardly any two of them agree there put them where they
/// belong or next to it.
template <class U>
void sort_cached(parts_of<U> parts, U* scratch, U* to, std::size_t n, extent<U> where) {
  const auto wanted = std::min(where.bits, static_cast<unsigned>(std::bit_width(n)) + 2);
  const auto shift = where.bits - wanted;
  sort_by_two_digits(parts, scratch, to, n, where.least, shift, wanted);
  if (shift == 0 || insert_each(to, n, n / 4))
    return;
  for (std::size_t begin = 0, end = 0; begin != n; begin = end) {
    const U high = static_cast<U>(to[begin] - where.least) >> shift;
    while (end != n && static_cast<U>(to[end] - where.least) >> shift == high)
      ++end;
    sort_cached(to + begin, scratch, end - begin);
  }
}

template <class U>
void sort_cached(U* numbers, U* scratch, std::size_t n) {
  if (n <= inserted) {
    insert_each(numbers, n, n * n);
    return;
  }
  const std::span<const U> all{numbers, n};
  if (const auto where = extent_of(numbers, n); where.bits != 0)
    sort_cached(parts_of<U>{&all, 1}, scratch, numbers, n, where);
}

/// Moves every number into the bucket of its digit and returns where the buckets end.
///
/// In place: each sweep over what is not yet in its bucket swaps every number with the one that has its place
/// (Skarupke, "I Wrote a Faster Sorting Algorithm", 2016), in steps of four for the reason given at `place_each`.
template <class U>
std::vector<std::size_t> to_buckets(U* numbers, std::size_t n, digit_of<U> digit) {
  std::vector<std::size_t> heads(digit.count()), ends(digit.count()), unfinished;
  for (std::size_t i = 0; i != n; ++i)
    ++ends[digit(numbers[i])];
  std::size_t next = 0;
  for (std::size_t d = 0; d != digit.count(); ++d) {
    heads[d] = next;
    next += ends[d];
    ends[d] = next;
    if (heads[d] != ends[d])
      unfinished.push_back(d);
  }
  std::size_t* const head = heads.data();
  while (!unfinished.empty()) {
    for (const auto d : unfinished) {
      std::size_t at = head[d];
      for (; at + 4 <= ends[d]; at += 4) {
        std::size_t home[4];
        for (std::size_t j = 0; j != 4; ++j)
          home[j] = head[digit(numbers[at + j])]++;
        for (std::size_t j = 0; j != 4; ++j)
          __builtin_prefetch(numbers + home[j] + 16, 1);
        for (std::size_t j = 0; j != 4; ++j)
          std::swap(numbers[at + j], numbers[home[j]]);
      }
      for (; at != ends[d]; ++at)
        std::swap(numbers[at], numbers[head[digit(numbers[at])]++]);
    }
    std::erase_if(unfinished, [&](std::size_t d) { return head[d] == ends[d]; });
  }
  return ends;
}

template <class U>
void sort_by_digits(U* numbers, U* scratch, std::size_t n) {
  if (n <= cached) {
    sort_cached(numbers, scratch, n);
    return;
  }
  const auto [least, bits] = extent_of(numbers, n);
  if (bits == 0)
    return;
  const auto wanted = std::clamp(static_cast<unsigned>(std::bit_width(n / (cached / 2))), 6U, 10U);
  const auto top = std::min(bits, wanted);
  std::size_t begin = 0;
  for (const auto end : to_buckets(numbers, n, digit_of<U>{least, bits - top, top})) {
    if (bits != top)
      sort_by_digits(numbers + begin, scratch, end - begin);
    begin = end;
  }
}

template <class U>
void sort_by_digits(U* numbers, std::size_t n) {
  const page_buffer scratch{std::min(n, cached) * sizeof(U)};
  sort_by_digits(numbers, reinterpret_cast<U*>(scratch.data()), n);
}

template <class U>
void sort_by_counting(U* numbers, std::size_t n) {
  constexpr std::size_t values = std::size_t{std::numeric_limits<U>::max()} + 1;
  if (n < values / 4) {
    sort_by_digits(numbers, n);
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
void sort_bits(std::uint32_t* numbers, std::size_t n) {
  sort_by_digits(numbers, n);
}
void sort_bits(std::uint64_t* numbers, std::size_t n) {
  sort_by_digits(numbers, n);
}

template <class U>
void sort_parts(parts_of<U> parts, U least, U greatest, U* to) {
  std::size_t n = 0;
  for (const auto part : parts)
    n += part.size();
  if (n <= inserted || n > cached) {
    U* end = to;
    for (const auto part : parts)
      end = std::copy(part.begin(), part.end(), end);
    sort_by_digits(to, n);
    return;
  }
  const page_buffer scratch{n * sizeof(U)};
  const auto bits = static_cast<unsigned>(std::bit_width(static_cast<U>(greatest - least)));
  sort_cached(parts, reinterpret_cast<U*>(scratch.data()), to, n, extent<U>{least, bits});
}

template void sort_parts(parts_of<std::uint8_t>, std::uint8_t, std::uint8_t, std::uint8_t*);
template void sort_parts(parts_of<std::uint16_t>, std::uint16_t, std::uint16_t, std::uint16_t*);
template void sort_parts(parts_of<std::uint32_t>, std::uint32_t, std::uint32_t, std::uint32_t*);
template void sort_parts(parts_of<std::uint64_t>, std::uint64_t, std::uint64_t, std::uint64_t*);

} // namespace crema::internal
