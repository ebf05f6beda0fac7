#pragma once

#include "dataflow/sort/run_sorter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

// What the tests of run_sorter share: feeding it in batches, draining it, and comparing with a stable sort.

namespace crema::internal {

template <class K>
struct tagged {
  K key;
  std::size_t tag; // the place in the input
};

inline constexpr auto by_value = [](const auto& record) { return record.key; };
inline constexpr auto by_reference = [](const auto& record) -> const auto& {
  return record.key;
};
inline constexpr auto itself = [](const auto& record) { return record; };

// Not a template parameter: one stable sort a key type keeps these tests quick to compile.
template <class K>
using oracle = std::function<bool(const K&, const K&)>;

template <class N>
bool total_less(const N& a, const N& b) {
  if constexpr (std::is_floating_point_v<N>)
    return std::isnan(a) ? false : std::isnan(b) || a < b;
  else
    return a < b;
}

// Cuts the records into batches of random sizes, empty ones included.
template <class Sorter, class T>
void append_in_batches(Sorter& sorter, const std::vector<T>& records, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  for (std::size_t at = 0; at < records.size();) {
    const std::size_t n = std::min<std::size_t>(random() % 4 == 0 ? random() % 3 : random() % 700, records.size() - at);
    const auto first = records.begin() + static_cast<std::ptrdiff_t>(at);
    const std::shared_ptr<T[]> batch{new T[n]};
    std::copy_n(first, n, batch.get());
    sorter.append(batch, {batch.get(), n});
    at += n;
  }
}

template <class Sorter, class T>
std::vector<T> drained(Sorter& sorter, std::size_t step, std::type_identity<T>) {
  std::vector<T> out;
  std::size_t before = sorter.size();
  const auto sink = [&](T&& record) { out.push_back(std::move(record)); };
  while (sorter.next(step, sink)) {
    EXPECT_EQ(before - sorter.size(), step);
    before = sorter.size();
  }
  EXPECT_EQ(sorter.size(), 0U);
  EXPECT_EQ(sorter.bytes(), 0U);
  return out;
}

inline std::vector<std::string> random_strings(std::size_t n, const std::string& letters, std::size_t longest,
                                               const std::string& shared) {
  std::mt19937_64 random{n * 31 + longest};
  std::vector<std::string> strings;
  for (std::size_t i = 0; i != n; ++i) {
    std::string s = random() % 8 == 0 ? "" : shared;
    for (std::size_t left = random() % (longest + 1); left != 0; --left)
      s += letters[random() % letters.size()];
    strings.push_back(std::move(s));
  }
  return strings;
}

// Sorts keys as tagged records and compares the tags with those that a stable sort by `less` gives.
template <class K, class KeyFn, class Compare>
void expect_stable(const std::vector<K>& keys, KeyFn key, Compare compare, const std::type_identity_t<oracle<K>>& less,
                   std::uint64_t seed) {
  std::vector<tagged<K>> records;
  for (std::size_t i = 0; i != keys.size(); ++i)
    records.push_back({keys[i], i});
  run_sorter<tagged<K>, KeyFn, Compare> sorter{key, compare};
  append_in_batches(sorter, records, seed);
  ASSERT_EQ(sorter.size(), keys.size());
  sorter.sort();
  const auto sorted = drained(sorter, 1 + seed % 1000, std::type_identity<tagged<K>>{});
  std::vector<std::size_t> expected(keys.size());
  std::iota(expected.begin(), expected.end(), 0);
  std::stable_sort(expected.begin(), expected.end(), [&](auto a, auto b) { return less(keys[a], keys[b]); });
  ASSERT_EQ(sorted.size(), keys.size());
  for (std::size_t i = 0; i != expected.size(); ++i)
    ASSERT_EQ(sorted[i].tag, expected[i]) << "at " << i << " of " << keys.size() << ", seed " << seed;
}

// Ascending with the key by value, descending with the key by reference.
template <class K>
void expect_both_directions(const std::vector<K>& keys, std::uint64_t seed) {
  expect_stable(keys, by_value, std::less<>{}, total_less<K>, seed);
  expect_stable(
    keys, by_reference, std::greater<K>{}, [](const K& a, const K& b) { return total_less(b, a); }, seed);
}

} // namespace crema::internal
