#pragma once

#include "apps/bench/limit/huge_array.hpp"
#include "apps/bench/limit/key_value.hpp"
#include "apps/bench/limit/simd.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace crema::bench::limit {

/// One hash table of sums per partition: four keys and four sums per cache line, linear probing by lines, at most 70 %
/// full. Distinct partitions may be used by distinct threads.
///
/// All partitions' tables with 2^bits lines lie in one array, a generation, whose memory is resident only where it is
/// used. Tables outgrow a generation at about the same time; then `release_left` gives its memory back.
class sum_tables {
public:
  sum_tables() : tables_(partition_count) {
    for (std::size_t p = 0; p < partition_count; ++p)
      tables_[p].lines = lines_for(p, first_bits);
  }

  void add_all(std::size_t partition, std::span<const key_value> rows) {
    auto& table = tables_[partition];
    std::uint64_t hashes[batch];
    for (std::size_t at = 0; at < rows.size(); at += batch) {
      const auto some = rows.subspan(at, std::min(batch, rows.size() - at));
      for (std::size_t i = 0; i < some.size(); ++i) {
        hashes[i] = key_hash(some[i].key);
        __builtin_prefetch(table.lines + line_of(hashes[i], table.bits), 1);
      }
      if (table.used + some.size() > (std::size_t{4} << table.bits) * 7 / 10)
        grow(partition);
      for (std::size_t i = 0; i < some.size(); ++i)
        table.add(some[i], hashes[i]);
    }
  }

  template <class Visit>
  void for_each(std::size_t partition, Visit&& visit) const {
    const auto& table = tables_[partition];
    if (table.has_zero)
      visit(key_value{0, table.zero});
    for (std::size_t at = 0; at < std::size_t{1} << table.bits; ++at)
      for (unsigned i = 0; i < 4 && table.lines[at].keys[i] != 0; ++i)
        visit(key_value{table.lines[at].keys[i], table.lines[at].values[i]});
  }

  /// Not while another thread uses this.
  void release_left() {
    for (unsigned bits = first_bits; bits < generations_.size(); ++bits)
      if (std::ranges::none_of(tables_, [&](const sum_table& t) { return t.bits == bits; }))
        generations_[bits] = {};
  }

private:
  static constexpr unsigned first_bits = 6;
  static constexpr std::size_t batch = 64;

  struct alignas(64) cache_line {
    std::uint64_t keys[4]; ///< 0: free
    std::uint64_t values[4];
  };

  struct sum_table {
    cache_line* lines = nullptr;
    unsigned bits = first_bits;
    std::size_t used = 0;
    bool has_zero = false;
    std::uint64_t zero = 0;

    void add(const key_value& row, std::uint64_t hash) {
      if (row.key == 0) [[unlikely]] {
        has_zero = true;
        zero += row.value;
        return;
      }
      for (auto at = line_of(hash, bits);; at = (at + 1) & ((std::size_t{1} << bits) - 1)) {
        auto& here = lines[at];
        if (const auto found = equal_keys(here.keys, row.key)) {
          here.values[__builtin_ctz(found)] += row.value;
          return;
        }
        if (const auto free = equal_keys(here.keys, 0)) {
          const auto i = __builtin_ctz(free);
          here.keys[i] = row.key;
          here.values[i] = row.value;
          ++used;
          return;
        }
      }
    }
  };

  cache_line* lines_for(std::size_t partition, unsigned bits) {
    const std::lock_guard lock{mutex_};
    auto& generation = generations_[bits];
    if (generation.size() == 0)
      generation = huge_array<cache_line>{partition_count << bits};
    return generation.data() + (partition << bits);
  }

  void grow(std::size_t partition) {
    sum_table larger;
    const auto& old = tables_[partition];
    larger.bits = old.bits + 1;
    larger.lines = lines_for(partition, larger.bits);
    for_each(partition, [&](const key_value& row) { larger.add(row, key_hash(row.key)); });
    larger.has_zero = old.has_zero;
    larger.zero = old.zero;
    tables_[partition] = larger;
  }

  std::vector<sum_table> tables_;
  std::array<huge_array<cache_line>, 40> generations_;
  std::mutex mutex_;
};

} // namespace crema::bench::limit
