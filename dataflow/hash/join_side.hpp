#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/hash/join_row.hpp"
#include "dataflow/hash/radix_rows.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace crema::internal {

/// The pairs of one side of a join, in memory: blocks as they came, then rows by partition.
///
/// Flat pairs are copied into the partitions and their blocks let go; of others the partitions hold links into the
/// blocks. Not thread-safe.
template <class K, class V>
class join_side {
public:
  using pair = std::pair<K, V>;
  using row = join_row<K, V>;

  /// Takes a block: into the partitions, if there are some.
  void append(block_ptr records) {
    pairs_ += records->size();
    movable_ = movable_ && block_cast<pair>(records).movable();
    if (rows_.partitions() != 0)
      scatter(records);
    if (!flat || rows_.partitions() == 0) {
      block_bytes_ += records->bytes();
      blocks_.push_back(std::move(records));
    }
  }

  /// Makes 2^bits partitions for about `expected` pairs and scatters what is there.
  void partition(unsigned bits, std::size_t expected) {
    rows_ = radix_rows<row>{bits, expected};
    for (auto& records : blocks_) {
      scatter(records);
      if constexpr (flat) {
        block_bytes_ -= records->bytes();
        records = {};
      }
    }
    if constexpr (flat)
      blocks_.clear();
  }

  void finish() noexcept { rows_.finish(); }

  /// Hands everything to `f(block_ptr)`, freeing memory on the way; nothing is left.
  template <class F>
  void give_back(F&& f) {
    if constexpr (flat) {
      block_builder<pair> builder;
      rows_.drain([&](std::span<const pair> rows) {
        for (const auto& each : rows)
          if (builder.add(each))
            f(builder.take());
      });
      if (auto rest = builder.take())
        f(std::move(rest));
    } else {
      rows_ = {};
    }
    for (auto& records : blocks_) {
      block_bytes_ -= records->bytes();
      f(std::move(records));
    }
    blocks_.clear();
  }

  const radix_rows<row>& rows() const noexcept { return rows_; }
  std::size_t size() const noexcept { return pairs_; }
  std::size_t bytes() const noexcept {
    return block_bytes_ + blocks_.capacity() * sizeof(block_ptr) + (rows_.partitions() == 0 ? 0 : rows_.bytes());
  }
  /// Whether nobody else can see the pairs behind links.
  bool movable() const noexcept { return movable_; }

  static constexpr bool flat = flat_row<K, V>;

private:
  void scatter(const block_ptr& records) {
    constexpr std::size_t batch = 256;
    std::array<std::uint64_t, batch> hashes;
    auto& typed = block_cast<pair>(records);
    for (auto* from = typed.begin(); from != typed.end();) {
      const auto n = std::min<std::size_t>(batch, static_cast<std::size_t>(typed.end() - from));
      for (std::size_t i = 0; i != n; ++i)
        hashes[i] = spread_hash(from[i].first);
      for (std::size_t i = 0; i != n; ++i)
        add(hashes[i], from[i]);
      from += n;
    }
  }

  [[gnu::always_inline]] void add(std::uint64_t hash, pair& each) {
    if constexpr (flat)
      rows_.add(rows_.partition_of(hash), each);
    else
      rows_.add(rows_.partition_of(hash), row{hash, &each});
  }

  std::vector<block_ptr> blocks_;
  std::size_t block_bytes_ = 0;
  std::size_t pairs_ = 0;
  bool movable_ = true;
  radix_rows<row> rows_;
};

} // namespace crema::internal
