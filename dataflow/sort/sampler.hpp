#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace crema::internal {

/// Some keys of a partition, each standing for `seen / keys.size()` of them.
template <class K>
struct key_sample {
  std::vector<K> keys;
  std::uint64_t seen = 0;
};

/// Draws a random sample of a stream of keys of unknown length: the stream is cut into strata of equal length, one key
/// is drawn from each, and when there are too many strata they are joined in pairs. Deterministic in the seed, the same
/// on every machine. Costs nothing for keys that are not drawn. Not thread-safe.
template <class K>
class sampler {
public:
  /// Keeps between `capacity` and twice as many keys, once that many came.
  explicit sampler(std::size_t capacity, std::uint64_t seed)
      : capacity_{std::max<std::size_t>(capacity, 1)}, state_{seed} {}

  void add(const K& key) {
    if (seen_++ == drawn_)
      keep(key);
  }

  /// Like `add` of each record's key, but calls `key` for the drawn ones alone.
  template <class T, class KeyFn>
  void add_batch(std::span<const T> records, KeyFn&& key) {
    const std::uint64_t begin = seen_;
    seen_ += records.size();
    while (drawn_ < seen_)
      keep(std::invoke(key, records[drawn_ - begin]));
  }

  /// What was drawn; the sampler is spent.
  key_sample<K> take() { return {std::move(keys_), seen_}; }

private:
  void keep(const K& key) {
    keys_.push_back(key);
    if (keys_.size() == 2 * capacity_) {
      for (std::size_t i = 0; i != capacity_; ++i)
        if (const std::size_t from = 2 * i + random() % 2; from != i)
          keys_[i] = std::move(keys_[from]);
      keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(capacity_), keys_.end());
      stride_ *= 2;
    }
    drawn_ = keys_.size() * stride_ + random() % stride_;
  }

  // splitmix64 (Steele, Lea, Flood 2014).
  std::uint64_t random() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
  }

  std::vector<K> keys_;
  std::size_t capacity_;
  std::uint64_t state_;
  std::uint64_t seen_ = 0;
  std::uint64_t drawn_ = 0; // the next key to keep
  std::uint64_t stride_ = 1;
};

} // namespace crema::internal
