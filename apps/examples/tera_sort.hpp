#pragma once

#include "apps/examples/record_files.hpp"

#include <crema/crema.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crema::examples {

/// The number of records and the sum of their hashes: equal for two files that hold the same records in any order.
struct record_sum {
  std::uint64_t records = 0;
  std::uint64_t sum = 0;

  void add(const record& one) {
    std::uint64_t hash = records_seed;
    for (std::size_t i = 0; i + 8 <= sizeof one; i += 8)
      hash = mix64(hash ^ word_at(one, i));
    sum += mix64(hash ^ word_at(one, sizeof one - 8));
    ++records;
  }

  void add(const record_sum& other) {
    records += other.records;
    sum += other.sum;
  }

  bool operator==(const record_sum&) const = default;

private:
  static constexpr std::uint64_t records_seed = 0x243f6a8885a308d3;

  static std::uint64_t word_at(const record& one, std::size_t i) {
    std::uint64_t word = 0;
    std::memcpy(&word, reinterpret_cast<const char*>(&one) + i, sizeof word);
    return word;
  }
};

/// Random record number `index`: a random key of ten bytes and, so that one can see where it went, the index in
/// decimal.
struct random_record {
  std::uint64_t seed;

  record operator()(std::int64_t index) const {
    record made;
    std::uint64_t random = mix64(seed + 1) + static_cast<std::uint64_t>(index) * 0x9e3779b97f4a7c15U;
    const std::uint64_t bits[2] = {mix64(random), mix64(random + 1)};
    std::memcpy(made.key.data(), bits, made.key.size());
    made.value.fill(static_cast<unsigned char>('A' + bits[1] % 26));
    const auto digits = std::to_string(index);
    std::copy(digits.begin(), digits.end(), made.value.begin());
    return made;
  }
};

/// The records of `input` as a dataset, in order. The files are read when an action runs, in each task those of its
/// slice.
inline auto read_records(const context& ctx, const record_input& input, int partitions = 0) {
  return ctx.range(0, static_cast<std::int64_t>(input.size()), 1, partitions).map(record_reader{input});
}

/// Sorted by key: byte by byte, equal keys as they came.
template <class Node>
rdd<record> sorted_by_key(const rdd<record, Node>& records, int partitions = 0) {
  return records.sort_by([](const record& one) { return one.key; }, std::less<>{}, partitions);
}

/// Writes every partition as a file part-NNNNN into the directory `path`, which must not exist: all of them or nothing.
/// Returns what was written.
///
///     auto written = write_records(sorted_by_key(read_records(ctx, record_input{"unsorted"})), "sorted");
template <class Node>
record_sum write_records(const rdd<record, Node>& records, const std::string& path) {
  const record_output output{path};
  const auto write = [](const std::string& directory, int partition, partition_range<record>& its) {
    record_sum sum;
    auto file = record_output::open(directory, partition);
    for (const auto& one : its) {
      file.write(one);
      sum.add(one);
    }
    file.close();
    return std::vector{std::pair{sum.records, sum.sum}};
  };
  const auto sums = records.map_partitions_with_index(capture(output.temporary(), write)).collect();
  output.commit();
  record_sum all;
  for (const auto& [count, sum] : sums)
    all.add(record_sum{count, sum});
  return all;
}

/// Where records are not in order: the first record that is less than the one before it.
struct record_check {
  record_sum sum;
  std::optional<std::uint64_t> disorder;
};

/// Reads all records: their sum, and whether each is at least as great as the one before.
inline record_check check_records(const context& ctx, const record_input& input) {
  // Each slice says what it saw: its first and last key, its sum and whether there was disorder. Slices come in order.
  struct slice {
    record_sum sum;
    record_key first{}, last{};
    std::uint64_t disorder = 0;
    bool ordered = true;
  };
  const auto slices = read_records(ctx, input)
                        .map_partitions([](partition_range<record>& records) {
                          slice seen;
                          for (const auto& one : records) {
                            if (seen.sum.records == 0)
                              seen.first = one.key;
                            else if (seen.ordered && one.key < seen.last)
                              seen.ordered = false, seen.disorder = seen.sum.records;
                            seen.last = one.key;
                            seen.sum.add(one);
                          }
                          return std::vector{seen};
                        })
                        .collect();
  record_check result;
  record_key last{};
  for (const auto& its : slices) {
    if (!result.disorder && its.sum.records != 0 && its.first < last)
      result.disorder = result.sum.records;
    if (!result.disorder && !its.ordered)
      result.disorder = result.sum.records + its.disorder;
    if (its.sum.records != 0)
      last = its.last;
    result.sum.add(its.sum);
  }
  return result;
}

} // namespace crema::examples
