#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace crema::internal {

/// Sorts unsigned numbers in place, ascending, with at most 256 KiB of memory beside them.
///
/// 32 and 64 bits: by radix, most significant digit first, until a bucket fits into the cache, then least significant
/// first. 8 and 16 bits: counting.
/// Cost on one Zen 3 core at 2.4 GHz, 10 million random numbers: 8 ns each.
void sort_bits(std::uint8_t* numbers, std::size_t n);
void sort_bits(std::uint16_t* numbers, std::size_t n);
void sort_bits(std::uint32_t* numbers, std::size_t n);
void sort_bits(std::uint64_t* numbers, std::size_t n);

template <class U>
using parts_of = std::span<const std::span<const U>>;

/// Copies the numbers of all parts, which lie between `least` and `greatest`, to `to` in ascending order. Bounds that
/// are too wide cost time. For the same four types.
template <class U>
void sort_parts(parts_of<U> parts, U least, U greatest, U* to);

} // namespace crema::internal
