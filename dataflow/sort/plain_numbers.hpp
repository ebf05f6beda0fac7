#pragma once

#include "dataflow/block/growing_pages.hpp"
#include "dataflow/sort/number_sorter.hpp"
#include "dataflow/sort/sort_key.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace crema::internal {

/// Numbers sorted by themselves under `std::less` or `std::greater`: kept as nothing but their bits.
///
/// Equal numbers are the same bits, so their order needs no care; -0.0 and NaN, whose bits do not survive, count as
/// "not its own key".
template <class T, class Compare>
class plain_numbers {
public:
  using bits = unsigned_of_size<sizeof(T)>;

  std::size_t size() const noexcept { return numbers_.size(); }
  std::size_t bytes() const noexcept { return numbers_.bytes(); }

  /// Adds the records and is true if each is its own key. Else adds none, and `key(i)` is the i-th key (with -0.0 as
  /// 0.0 and all NaNs alike) until the next call.
  template <class KeyFn>
  bool append(std::span<const T> records, KeyFn& key) {
    if constexpr (std::is_same_v<T, bits> && !descending && std::is_same_v<KeyFn, std::identity>) {
      numbers_.append(records);
      return true;
    }
    batch_.resize(records.size());
    bool same = true;
    for (std::size_t i = 0; i != records.size(); ++i) {
      batch_[i] = to_bits(std::invoke(key, records[i]));
      same &= std::bit_cast<bits>(from_bits(batch_[i])) == std::bit_cast<bits>(records[i]);
    }
    if (same)
      numbers_.append(batch_);
    return same;
  }

  T key(std::size_t i) const noexcept { return from_bits(batch_[i]); }

  void sort() { numbers_.sort(); }

  /// Hands the numbers at places `begin` to `end` to the sink and counts them in `begin`; gives their memory back.
  template <class Sink>
  void take(std::size_t& begin, std::size_t end, Sink& sink) {
    while (begin != end) {
      const auto next = numbers_.next(end - begin);
      const auto record = [next](std::size_t i) { return from_bits(next[i]); };
      if constexpr (requires { sink.add_all(next.size(), record); })
        sink.add_all(next.size(), record);
      else
        for (std::size_t i = 0; i != next.size(); ++i)
          sink(record(i));
      begin += next.size();
    }
  }

  /// The records in some order, in the memory that held their bits; no numbers are left here.
  std::pair<std::shared_ptr<void>, std::span<T>> take_records() {
    const std::size_t n = size();
    auto pages = std::make_shared<growing_pages>(numbers_.take_all().take());
    std::byte* const at = pages->data();
    for (std::size_t i = 0; i != n; ++i) {
      const T number = from_bits(*reinterpret_cast<const bits*>(at + i * sizeof(bits)));
      ::new (static_cast<void*>(at + i * sizeof(bits))) T(number);
    }
    const std::span<T> records{reinterpret_cast<T*>(at), n};
    return {std::move(pages), records};
  }

private:
  static constexpr bool descending = direction_of<T, Compare> == direction::descending;

  static bits to_bits(T key) noexcept {
    const bits ordered = order_bits(key);
    return descending ? static_cast<bits>(~ordered) : ordered;
  }
  static T from_bits(bits ordered) noexcept {
    return from_order_bits<T>(descending ? static_cast<bits>(~ordered) : ordered);
  }

  number_sorter<bits> numbers_;
  std::vector<bits> batch_; ///< the one that came last
};

/// In the place of `plain_numbers` for everything else.
struct no_plain_numbers {
  static constexpr std::size_t size() noexcept { return 0; }
  static constexpr std::size_t bytes() noexcept { return 0; }
  static void sort() noexcept {}
  template <class Sink>
  static void take(std::size_t&, std::size_t, Sink&) noexcept {}
};

} // namespace crema::internal
