#pragma once

#include "dataflow/sort/merge_sort.hpp"
#include "dataflow/sort/sampler.hpp"
#include "dataflow/sort/sort_key.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

// Range partitioning: sample the keys, choose splitters, send each key to its range.
//
//     sampler<key> sample{20 * n, partition};                       // in each source partition
//     sample.add_batch(records, key_of);
//     auto splitters = choose_splitters(std::move(samples), n, std::less<>{});
//     range_partitioner<key, std::less<>> range{splitters};         // range(k) is at most n - 1

namespace crema::internal {

/// At most `n - 1` keys, strictly ascending in the order of `compare`, that cut what was sampled into n parts of about
/// equal size. A key that fills several parts is named once: there are fewer splitters then, and the last partitions
/// stay empty. Works, without a meaningful result, for a `compare` that is no order.
template <class K, class Compare>
std::vector<K> choose_splitters(std::vector<key_sample<K>> samples, std::size_t n, Compare compare = {}) {
  struct weighed {
    K* key;
    double weight;
  };
  const sort_order<K, Compare> order{std::move(compare)};
  std::vector<weighed> keys;
  double total = 0;
  for (key_sample<K>& sample : samples) {
    for (K& key : sample.keys)
      keys.push_back({&key, static_cast<double>(sample.seen) / static_cast<double>(sample.keys.size())});
    total += static_cast<double>(sample.seen);
  }
  merge_sort(std::span{keys}, [&](const weighed& a, const weighed& b) { return order(*a.key, *b.key); });
  std::vector<K> splitters;
  double before = 0;
  for (std::size_t part = 1; const weighed& at : keys) {
    before += at.weight;
    bool chosen = false;
    for (; part < n && before > total * static_cast<double>(part) / static_cast<double>(n); ++part)
      chosen = true;
    if (chosen && (splitters.empty() || order(splitters.back(), *at.key)))
      splitters.push_back(std::move(*at.key));
  }
  return splitters;
}

/// The range of a key: how many splitters are not after it, 0 to `splitters.size()`. All equal keys, however many, have
/// the same range. Const calls are thread-safe. Cost: a few ns for keys with prefixes, else log2(n) comparisons.
template <class K, class Compare>
class range_partitioner {
public:
  explicit range_partitioner(std::vector<K> splitters, Compare compare = {})
      : splitters_{std::move(splitters)}, order_{std::move(compare)} {
    if constexpr (prefixed)
      for (const K& splitter : splitters_)
        prefixes_.push_back(directed_prefix<K, Compare>(splitter));
  }

  std::size_t operator()(const K& key) const {
    std::size_t begin = 0;
    std::size_t end = splitters_.size();
    if constexpr (prefixed) {
      const std::uint64_t prefix = directed_prefix<K, Compare>(key);
      end = count_not_after(prefix);
      if (end == 0 || sort_prefix<K>::width != 0 || prefixes_[end - 1] != prefix)
        return end;
      begin = prefix == 0 ? 0 : count_not_after(prefix - 1);
    }
    const auto at = splitters_.begin();
    const auto first = at + static_cast<std::ptrdiff_t>(begin);
    const auto last = at + static_cast<std::ptrdiff_t>(end);
    return static_cast<std::size_t>(std::upper_bound(first, last, key, std::cref(order_)) - at);
  }

private:
  static constexpr bool prefixed = has_prefix<K, Compare>;

  // A binary search without branches: which way it goes is a coin toss that no processor predicts. A product, because
  // compilers make a branch of `?:`.
  std::size_t count_not_after(std::uint64_t prefix) const noexcept {
    const std::uint64_t* at = prefixes_.data();
    for (std::size_t n = prefixes_.size(); n != 0;) {
      const std::size_t half = (n + 1) / 2;
      at += half * (at[half - 1] <= prefix);
      n -= half;
    }
    return static_cast<std::size_t>(at - prefixes_.data());
  }

  std::vector<K> splitters_;
  std::vector<std::uint64_t> prefixes_;
  [[no_unique_address]] sort_order<K, Compare> order_;
};

} // namespace crema::internal
