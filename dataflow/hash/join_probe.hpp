#pragma once

#include "dataflow/hash/join_table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace crema::internal {

/// Finds the pairs of rows with equal keys in one partition of a join, some hundred at a time.
///
///     probe.start(build_chunks, probe_chunks, 9, most_rows);
///     while (probe.find())
///       for (std::size_t i = 0; i != probe.size(); ++i)
///         emit(probe.built(i), probe.probing(i));
///
/// Works in steps without branches that depend on keys: the buckets of a batch of rows, the pairs that share a bucket,
/// those that match. Where the build side has more than `most_rows` rows the other one is read once for each
/// `most_rows` of them. Needs no memory for the product of a key's rows.
template <class Build, class Probe>
class join_probe {
public:
  using build_span = std::span<const Build>;
  using probe_span = std::span<const Probe>;

  static constexpr std::size_t most_probed = 8192;

  void start(std::vector<build_span> build, std::vector<probe_span> probe, unsigned used_bits, std::size_t most_rows) {
    build_ = std::move(build);
    probe_ = std::move(probe);
    used_bits_ = used_bits;
    most_rows_ = most_rows;
    built_ = 0;
    size_ = 0;
    if (found_ == nullptr)
      found_ = std::make_unique_for_overwrite<pair_of_rows[]>(room);
    start_round();
  }

  /// Goes on to the next matches, none yet where `most_probed` rows had none; false when there are no more.
  bool find() {
    for (std::size_t probed = 0; probed < most_probed; probed += batch) {
      while (row_ == rows_.size()) {
        if (chunk_ == probe_.size() && !next_round()) {
          size_ = 0;
          return false;
        }
        rows_ = probe_[chunk_++];
        row_ = 0;
      }
      expand();
      keep_matches();
      if (size_ != 0)
        break;
    }
    return true;
  }

  std::size_t size() const noexcept { return size_; }
  const Build& built(std::size_t i) const noexcept { return table_[found_[i].build]; }
  const Probe& probing(std::size_t i) const noexcept { return base_[found_[i].probe]; }

  /// Whether `probing(i)` will not come again.
  bool last(std::size_t i) const noexcept {
    if (built_ != build_.size())
      return false;
    if (i + 1 != size_)
      return found_[i].probe != found_[i + 1].probe;
    return !cut_off_ || base_ + found_[i].probe != rows_.data() + row_;
  }

private:
  using index = typename join_table<Build>::index;
  using interval = typename join_table<Build>::interval;

  struct pair_of_rows {
    index probe; ///< behind base_
    index build;
  };

  static constexpr std::size_t batch = 128;
  static constexpr std::size_t at_once = 4; // of a bucket, without looking at how many there are
  static constexpr std::size_t room = 2048;

  /// The next rows of the build side, most_rows_ or one chunk at least.
  void start_round() {
    const auto first = built_;
    std::size_t rows = 0;
    while (built_ != build_.size() && (rows == 0 || rows + build_[built_].size() <= most_rows_))
      rows += build_[built_++].size();
    table_.build({build_.data() + first, built_ - first}, used_bits_);
    chunk_ = 0;
    rows_ = {};
    row_ = 0;
  }
  bool next_round() {
    if (built_ == build_.size())
      return false;
    start_round();
    return true;
  }

  /// Fills found_ with rows that share a bucket.
  void expand() {
    base_ = rows_.data() + row_;
    size_ = 0;
    std::size_t i = 0;
    if (cut_off_) {
      add(0, rest_);
      if (cut_off_)
        return;
      i = 1;
    }
    const auto n = std::min(batch, rows_.size() - row_);
    std::array<interval, batch> in;
    for (std::size_t j = i; j < n; ++j) {
      in[j] = table_.range(row_hash(base_[j]));
      table_.prefetch(in[j].begin);
    }
    for (; i < n; ++i) {
      const auto here = in[i];
      const auto count = here.end - here.begin;
      for (index k = 0; k != at_once; ++k)
        found_[size_ + k] = {static_cast<index>(i), here.begin + k};
      if (count <= at_once) [[likely]] {
        size_ += count;
        continue;
      }
      add(i, here);
      if (cut_off_)
        break;
    }
    row_ += i;
  }

  /// Pairs row i of this batch with all of `with`, or with as many as there is room for, and leaves the rest.
  void add(std::size_t i, interval with) {
    constexpr auto most = room - batch * at_once;
    const auto count = std::min<std::size_t>(with.end - with.begin, most - std::min(most, size_));
    for (std::size_t k = 0; k != count; ++k)
      found_[size_ + k] = {static_cast<index>(i), with.begin + static_cast<index>(k)};
    size_ += count;
    rest_ = {with.begin + static_cast<index>(count), with.end};
    cut_off_ = rest_.begin != rest_.end;
  }

  void keep_matches() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i != size_; ++i) {
      const auto each = found_[i];
      found_[kept] = each;
      kept += rows_match(table_[each.build], base_[each.probe]) ? 1 : 0;
    }
    size_ = kept;
  }

  join_table<Build> table_;
  std::vector<build_span> build_;
  std::vector<probe_span> probe_;
  unsigned used_bits_ = 0;
  std::size_t most_rows_ = 0;
  std::size_t built_ = 0; // chunks of the build side that are or were in the table
  std::size_t chunk_ = 0; // of the probe side: the one after rows_
  probe_span rows_;
  std::size_t row_ = 0;
  const Probe* base_ = nullptr;
  std::unique_ptr<pair_of_rows[]> found_; // `room` of them, once started: a task that waits for its input has none
  std::size_t size_ = 0;
  interval rest_{};
  bool cut_off_ = false; // rest_ is left of rows_[row_]
};

} // namespace crema::internal
