#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

// What the tests of the operations compare with: plain functions over vectors.

namespace crema::testing {

using longs = std::vector<long>;
using pairs = std::vector<std::pair<long, long>>;
using words = std::vector<std::string>;

template <class T>
std::vector<T> sorted(std::vector<T> records) {
  std::sort(records.begin(), records.end());
  return records;
}

/// The first `n` numbers 0, 1, 2, …
inline longs iota(long n) {
  longs numbers(static_cast<std::size_t>(n));
  for (long i = 0; i != n; ++i)
    numbers[static_cast<std::size_t>(i)] = i;
  return numbers;
}

/// `n` numbers below `bound`, with duplicates, the same in every run.
inline longs scattered(long n, long bound, std::uint32_t seed = 1) {
  std::mt19937 random{seed};
  longs numbers;
  for (long i = 0; i != n; ++i)
    numbers.push_back(static_cast<long>(random()) % bound);
  return numbers;
}

/// (key, position) for each key.
inline pairs numbered(const longs& keys) {
  pairs all;
  for (std::size_t i = 0; i != keys.size(); ++i)
    all.emplace_back(keys[i], static_cast<long>(i));
  return all;
}

/// Inputs that break careless operations: none, one, fewer than partitions, many duplicates, one key alone.
inline std::vector<longs> hostile_keys() {
  return {{}, {7}, {1, 2, 3}, scattered(300, 20), longs(200, 5), {-3, -1, -2, 0, 3, -3, 64, 128, -64}};
}

template <class V>
std::map<long, std::vector<V>> grouped(const std::vector<std::pair<long, V>>& records) {
  std::map<long, std::vector<V>> groups;
  for (const auto& [key, value] : records)
    groups[key].push_back(value);
  return groups;
}

} // namespace crema::testing
