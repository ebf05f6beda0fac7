#include "dataflow/sort/number_sorter.hpp"

#include "dataflow/sort/sort_bits.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace crema::internal {

namespace {

constexpr unsigned bucket_bits = 10;
constexpr std::size_t few = std::size_t{1} << 20;
constexpr std::size_t parts = 16; // one of them may be in one bucket

} // namespace

template <class U>
std::size_t number_sorter<U>::bytes() const noexcept {
  return scattered() ? buckets_.bytes() + size_ / parts * sizeof(U) : size_ * sizeof(U);
}

template <class U>
void number_sorter<U>::append(std::span<const U> numbers) {
  if (scattered()) {
    scatter(numbers);
  } else {
    std::copy(numbers.begin(), numbers.end(), together_.room(numbers.size()));
    together_.resize(together_.size() + numbers.size());
  }
  size_ += numbers.size();
  if (!scattered() && sizeof(U) >= 4 && size_ >= few)
    start_scattering();
}

template <class U>
void number_sorter<U>::start_scattering() {
  const std::span<const U> first{together_.data(), together_.size()};
  const auto [least, greatest] = std::ranges::minmax(first);
  least_ = least;
  width_ = static_cast<U>(greatest - least);
  shift_ = static_cast<unsigned>(std::max(32, static_cast<int>(std::bit_width(width_))) - 32);
  scale_ = (std::uint64_t{1} << (32 + bucket_bits)) / ((std::uint64_t{width_} >> shift_) + 1);
  buckets_ = radix_rows<U>{bucket_bits, few};
  scatter(first);
  together_ = {};
}

template <class U>
void number_sorter<U>::scatter(std::span<const U> numbers) {
  const auto bucket = [least = least_, width = width_, shift = shift_, scale = scale_](U number) {
    const U above = number < least ? U{0} : std::min(static_cast<U>(number - least), width);
    return static_cast<std::size_t>((std::uint64_t{above} >> shift) * scale >> 32);
  };
  buckets_.add_all(
    numbers.size(), [&](std::size_t i) { return bucket(numbers[i]); }, [&](std::size_t i) { return numbers[i]; });
}

template <class U>
void number_sorter<U>::sort() {
  std::size_t largest = 0;
  if (scattered()) {
    buckets_.finish();
    for (std::size_t b = 0; b != buckets_.partitions(); ++b)
      largest = std::max(largest, buckets_.rows(b));
    if (largest > size_ / parts)
      put_together();
  }
  if (scattered()) {
    room_ = page_buffer{largest * sizeof(U)};
  } else {
    sort_bits(together_.data(), together_.size());
    sorted_ = {together_.data(), together_.size()};
  }
}

template <class U>
void number_sorter<U>::put_together() {
  U* to = together_.room(size_);
  buckets_.drain([&](std::span<const U> chunk) { to = std::copy(chunk.begin(), chunk.end(), to); });
  together_.resize(size_);
}

template <class U>
std::span<const U> number_sorter<U>::next(std::size_t most) {
  while (sorted_.empty() && next_bucket_ != buckets_.partitions())
    sort_bucket(next_bucket_++);
  if (!scattered())
    together_.discard_before(static_cast<std::size_t>(sorted_.data() - together_.data()));
  const auto given = sorted_.first(std::min(most, sorted_.size()));
  sorted_ = sorted_.subspan(given.size());
  return given;
}

/// The least number that is scattered into the bucket. The first bucket has smaller ones, too, the last all greater.
template <class U>
U number_sorter<U>::least_of(std::size_t bucket) const noexcept {
  if (bucket == 0)
    return 0;
  const auto above = ((std::uint64_t{bucket} << 32) + scale_ - 1) / scale_;
  return static_cast<U>(least_ + (above << shift_));
}

template <class U>
void number_sorter<U>::sort_bucket(std::size_t bucket) {
  const auto chunks = buckets_.chunks(bucket);
  const bool last = bucket + 1 == buckets_.partitions();
  const auto greatest = last ? std::numeric_limits<U>::max() : static_cast<U>(least_of(bucket + 1) - 1);
  U* const first = reinterpret_cast<U*>(room_.data());
  sort_parts<U>(chunks, least_of(bucket), greatest, first);
  sorted_ = {first, buckets_.rows(bucket)};
}

template <class U>
growing_array<U> number_sorter<U>::take_all() {
  if (scattered())
    put_together();
  size_ = 0;
  return std::move(together_);
}

template class number_sorter<std::uint8_t>;
template class number_sorter<std::uint16_t>;
template class number_sorter<std::uint32_t>;
template class number_sorter<std::uint64_t>;

} // namespace crema::internal
