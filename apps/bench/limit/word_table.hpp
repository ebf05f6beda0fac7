#pragma once

#include "apps/bench/limit/huge_array.hpp"
#include "apps/bench/limit/simd.hpp"

#include <cstdint>

namespace crema::bench::limit {

inline std::uint64_t word_table_hash(const short_word& word) {
  __extension__ using wide = unsigned __int128;
  const auto product = static_cast<wide>(word.low ^ 0x9e3779b97f4a7c15U) * (word.high ^ 0xd6e8feb86659fd93U);
  const auto folded = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  return folded * 0x9e3779b97f4a7c15U;
}

/// Counts of words of up to 16 bytes: three words and their counts per cache line, linear probing by lines, at most
/// 70 % full. Below 2^32 of each word.
class word_table {
public:
  explicit word_table(unsigned bits) : shift_{64 - bits}, lines_{std::size_t{1} << bits} {}

  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&lines_[hash >> shift_], 1); }

  void add(const short_word& word, std::uint64_t hash, std::uint32_t count) {
    for (auto at = hash >> shift_;; at = (at + 1) & (lines_.size() - 1)) {
      auto& line = lines_[at];
      for (unsigned i = 0; i < 3; ++i)
        if (line.words[i] == word) {
          line.counts[i] += count;
          return;
        }
      for (unsigned i = 0; i < 3; ++i)
        if (line.counts[i] == 0) {
          line.words[i] = word;
          line.counts[i] = count;
          if (++used_ > lines_.size() * 21 / 10)
            grow();
          return;
        }
    }
  }

  /// Visits what hashes into share `part` of `parts`, the same words in tables of any size. Several threads may.
  template <class Visit>
  void for_each(unsigned part, unsigned parts, Visit&& visit) const {
    const auto begin = lines_.size() * part / parts;
    const auto end = (lines_.size() * (part + 1) + parts - 1) / parts;
    // Overflow of a share's last lines lies behind them, up to the first line with room.
    bool overflow = false;
    for (auto at = begin; at < end || overflow; ++at) {
      const auto& line = lines_[at & (lines_.size() - 1)];
      for (unsigned i = 0; i < 3 && line.counts[i] != 0; ++i)
        if (const auto hash = word_table_hash(line.words[i]); ((hash >> 32) * parts) >> 32 == part)
          visit(line.words[i], hash, line.counts[i]);
      overflow = parts > 1 && at + 1 >= end && line.counts[2] != 0;
    }
  }

  unsigned bits() const { return 64 - shift_; }

private:
  struct alignas(64) cache_line {
    short_word words[3];
    std::uint32_t counts[3];
  };

  void grow() {
    word_table larger{bits() + 1};
    for (const auto& line : lines_)
      for (unsigned i = 0; i < 3 && line.counts[i] != 0; ++i)
        larger.add(line.words[i], word_table_hash(line.words[i]), line.counts[i]);
    *this = std::move(larger);
  }

  unsigned shift_;
  huge_array<cache_line> lines_;
  std::size_t used_ = 0;
};

} // namespace crema::bench::limit
