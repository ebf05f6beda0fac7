#pragma once

#include "dataflow/hash/combine_table.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace crema::internal {

using std::uint64_t;

template <class Value, class Combined = Value>
struct summing {
  using value = Value;
  using combined = Combined;
  combined create(value&& v) const { return combined(std::move(v)); }
  void merge_value(combined& c, value&& v) const { c += v; }
  void merge_combined(combined& c, combined&& other) const { c += other; }
};

using sum = summing<uint64_t>;

/// Keeps the order of the values visible, and owns memory.
using concatenating = summing<std::string>;

/// What a drained key looks like in an oracle.
inline std::string owned(std::string_view key) {
  return std::string{key};
}
template <class K>
K owned(K key) {
  return key;
}

template <class K, class Combiner>
auto contents(combine_table<K, Combiner>& table, std::size_t step = 7) {
  std::map<K, typename Combiner::combined> all;
  bool more = true;
  while (more) {
    std::size_t calls = 0;
    more = table.drain(step, [&](auto&& key, auto&& c) {
      ++calls;
      const bool fresh = all.emplace(owned(std::forward<decltype(key)>(key)), std::move(c)).second;
      EXPECT_TRUE(fresh) << "a key came twice";
    });
    EXPECT_LE(calls, step);
    EXPECT_EQ(more, table.size() > 0);
  }
  return all;
}

inline constexpr std::size_t plenty = std::size_t{1} << 30;
inline constexpr std::size_t tiny = std::size_t{100} << 10;

/// Up to 20 bytes, NULs among them.
inline std::string random_text(std::mt19937_64& random) {
  std::string text(random() % 21, 'x');
  for (auto& c : text)
    c = "ab\0\xff"[random() % 4];
  return text;
}

} // namespace crema::internal
