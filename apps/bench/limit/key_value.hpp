#pragma once

#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/partitioned.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace crema::bench::limit {

struct key_value {
  std::uint64_t key;
  std::uint64_t value;
};

/// Its first bits are good ones.
constexpr std::uint64_t key_hash(std::uint64_t key) {
  return (key ^ (key >> 32)) * 0xd6e8feb86659fd93U;
}

/// Rows are partitioned by the first bits of their hash; a partition of 10 million rows just fits a second-level cache.
inline constexpr unsigned partition_bits = 9;
inline constexpr std::size_t partition_count = 1 << partition_bits;

constexpr std::size_t partition_of(std::uint64_t hash) {
  return hash >> (64 - partition_bits);
}

/// A hash's place among 2^bits lines of its partition.
constexpr std::size_t line_of(std::uint64_t hash, unsigned bits) {
  return (hash << partition_bits) >> (64 - bits);
}

/// Makes the rows [from, to) of `source` and scatters them. Making some at a time lets the compiler use vectors.
inline void scatter(const pair_source& source, std::size_t from, std::size_t to, partitioned<key_value>& out) {
  constexpr std::size_t batch = 256;
  key_value rows[batch];
  std::uint16_t partitions[batch];
  while (from < to) {
    const auto size = std::min(batch, to - from);
    for (std::size_t i = 0; i < size; ++i) {
      const auto [key, value] = source(from + i);
      rows[i] = {key, value};
      partitions[i] = static_cast<std::uint16_t>(partition_of(key_hash(key)));
    }
    for (std::size_t i = 0; i < size; ++i)
      out.push(partitions[i], rows[i]);
    from += size;
  }
  out.finish();
}

} // namespace crema::bench::limit
