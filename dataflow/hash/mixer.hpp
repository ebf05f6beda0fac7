#pragma once

#include "dataflow/hash/hash_bits.hpp"

#include <cstdint>

namespace crema::internal {

/// Spreads keys over the slots of one table: the high bits of a result choose the slot.
///
/// A table takes its mixer from the first key that it sees. One mapping for all would be a trap: draining a table
/// visits keys in slot order, which fills another one from one end, in runs that cost quadratic time. A mapping by
/// chance would do as well, but then no two runs of a program would emit their records in one order.
class mixer {
public:
  mixer() noexcept : mixer{0} {}
  explicit mixer(std::uint64_t first_key) noexcept
      : first_{fold(first_key ^ hash_key_1, hash_key_2)}, second_{fold(first_ ^ hash_key_3, hash_key_4) | 1} {}

  std::uint64_t operator()(std::uint64_t word) const noexcept { return finish(fold(word ^ first_, second_)); }

  std::uint64_t operator()(std::uint64_t low, std::uint64_t high) const noexcept {
    return finish(fold(low ^ first_, high ^ second_));
  }

private:
  /// One product alone maps keys in a pattern to a pattern: for some salts the numbers 0 to n fall into a few long
  /// runs.
  static std::uint64_t finish(std::uint64_t product) noexcept { return (product ^ product >> 32) * hash_key_1; }

  std::uint64_t first_;
  std::uint64_t second_;
};

} // namespace crema::internal
