#include "dataflow/sort/sorted_positions.hpp"

#include "dataflow/sort/merge_sort.hpp"
#include "dataflow/sort/sort_bits.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

namespace crema::internal {

void sorted_positions::sort(growing_array<std::uint64_t> keys) {
  *this = {};
  keys_ = std::move(keys);
  if (keys_.size() == 0)
    return;
  pack();
  sort_bits(words_.data(), words_.size());
  if (shortened_)
    order_shortened();
}

void sorted_positions::pack() {
  const std::size_t n = keys_.size();
  std::uint64_t least = keys_[0];
  std::uint64_t greatest = keys_[0];
  std::uint64_t varying = 0;
  for (std::size_t i = 0; i != n; ++i) {
    least = std::min(least, keys_[i]);
    greatest = std::max(greatest, keys_[i]);
    varying |= keys_[i] ^ keys_[0];
  }
  least_ = least;
  common_low_bits_ = varying == 0 ? 0 : static_cast<unsigned>(std::countr_zero(varying));
  position_bits_ = static_cast<unsigned>(std::bit_width(n - 1));
  position_mask_ = (std::uint64_t{1} << position_bits_) - 1;
  const auto key_bits = static_cast<unsigned>(std::bit_width((greatest - least) >> common_low_bits_));
  shortened_ = key_bits + position_bits_ > 64;
  if (shortened_) {
    lost_bits_ = common_low_bits_ + key_bits + position_bits_ - 64;
    words_.room(n);
    words_.resize(n);
  } else {
    words_ = std::exchange(keys_, {});
  }
  const std::uint64_t* const keys = shortened_ ? keys_.data() : words_.data();
  const unsigned drop = shortened_ ? lost_bits_ : common_low_bits_;
  std::uint64_t* const words = words_.data();
  for (std::size_t i = 0; i != n; ++i)
    words[i] = ((keys[i] - least) >> drop) << position_bits_ | i;
}

// Random keys hardly ever agree in what the words hold of them, so the runs are few or, for few distinct keys, equal.
void sorted_positions::order_shortened() {
  const std::size_t n = words_.size();
  for (std::size_t begin = 0, end = 0; begin != n; begin = end) {
    end = begin + 1;
    const std::uint64_t held = words_[begin] & ~position_mask_;
    if (end == n || (words_[end] & ~position_mask_) != held)
      continue;
    std::uint64_t varying = 0;
    const std::uint64_t first = keys_[(*this)[begin]];
    for (; end != n && (words_[end] & ~position_mask_) == held; ++end)
      varying |= keys_[(*this)[end]] ^ first;
    if (varying != 0)
      order_run({words_.data() + begin, end - begin});
  }
}

// The run is in the order of positions: its words become the lost key bits and the rank in this order, if these fit.
void sorted_positions::order_run(std::span<std::uint64_t> words) {
  const std::size_t n = words.size();
  const auto rank_bits = static_cast<unsigned>(std::bit_width(n - 1));
  if (n <= 32 || lost_bits_ + rank_bits > 64) {
    merge_sort(words, [this](std::uint64_t a, std::uint64_t b) {
      return keys_[a & position_mask_] < keys_[b & position_mask_];
    });
    return;
  }
  const auto lost_mask = (std::uint64_t{1} << lost_bits_) - 1;
  const auto ranks = std::make_unique_for_overwrite<std::uint64_t[]>(n);
  const auto ordered = std::make_unique_for_overwrite<std::uint64_t[]>(n);
  for (std::size_t rank = 0; rank != n; ++rank)
    ranks[rank] = ((keys_[words[rank] & position_mask_] - least_) & lost_mask) << rank_bits | rank;
  sort_bits(ranks.get(), n);
  for (std::size_t i = 0; i != n; ++i)
    ordered[i] = words[ranks[i] & ((std::uint64_t{1} << rank_bits) - 1)];
  std::copy_n(ordered.get(), n, words.data());
}

} // namespace crema::internal
