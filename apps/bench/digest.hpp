#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Checksums that both halves of a workload must agree on. All of them compose: partitions are digested apart and
/// their digests merged, so that no half must bring its result to one place.
namespace crema::bench {

/// The finaliser of splitmix64: a bijection of 64-bit numbers that looks random.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// A digest of a bag: rows in any order. `a += b` merges.
struct bag_digest {
  std::uint64_t rows = 0;
  std::uint64_t sum = 0;  ///< of whatever number the workload counts
  std::uint64_t hash = 0; ///< sum of the rows' hashes

  void add(std::uint64_t number, std::uint64_t row_hash) {
    ++rows;
    sum += number;
    hash += row_hash;
  }
  bag_digest& operator+=(const bag_digest& other) {
    rows += other.rows;
    sum += other.sum;
    hash += other.hash;
    return *this;
  }
  std::string text() const;
};

/// A digest of a sequence. `a += b` is the digest of a's rows followed by b's.
struct sequence_digest {
  std::uint64_t rows = 0;
  std::uint64_t sum = 0;
  std::uint64_t weighted = 0; ///< sum of row * (position + 1)

  void add(std::uint64_t row) {
    ++rows;
    sum += row;
    weighted += rows * row;
  }
  sequence_digest& operator+=(const sequence_digest& later) {
    weighted += later.weighted + rows * later.sum;
    rows += later.rows;
    sum += later.sum;
    return *this;
  }
  std::string text() const;
};

/// The hash of one counted word.
inline std::uint64_t word_hash(std::string_view word, std::uint64_t count) {
  std::uint64_t hash = count * 0x9e3779b97f4a7c15U + word.size();
  for (std::size_t at = 0; at < word.size(); at += 8) {
    std::uint64_t part = 0;
    std::memcpy(&part, word.data() + at, word.size() - at < 8 ? word.size() - at : 8);
    hash = (hash ^ part) * 0xd6e8feb86659fd93U;
    hash ^= hash >> 32;
  }
  return hash;
}

/// The hash of one (key, number) pair.
inline std::uint64_t pair_hash(std::uint64_t key, std::uint64_t number) {
  return (key ^ (number * 0x9e3779b97f4a7c15U)) * 0xd6e8feb86659fd93U;
}

/// The hash of one joined row.
inline std::uint64_t join_hash(std::uint64_t key, std::uint64_t left, std::uint64_t right) {
  return pair_hash(key + left, right);
}

} // namespace crema::bench
