#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/key_value.hpp"
#include "apps/bench/limit/partitioned.hpp"
#include "apps/bench/limit/programs.hpp"
#include "apps/bench/limit/simd.hpp"

#include <atomic>
#include <bit>
#include <memory>

namespace crema::bench::limit {

namespace {

using side = std::vector<std::unique_ptr<partitioned<key_value>>>;

template <class Visit>
void for_each_chunk(const side& rows, std::size_t partition, Visit&& visit) {
  for (const auto& one : rows)
    one->for_each_chunk(partition, visit);
}

/// The left rows of one partition: four to a cache line, rows with equal keys one behind the other. Full lines go on
/// in the next one.
class row_table {
public:
  /// An empty table with room for `rows`; keeps its memory.
  void reset(std::size_t rows) {
    bits_ = static_cast<unsigned>(std::bit_width(rows * 4 / 5 + 1));
    const auto size = std::size_t{1} << bits_;
    if (lines_.size() < size)
      lines_ = huge_array<cache_line>{size};
    else
      std::memset(static_cast<void*>(lines_.data()), 0, size * sizeof(cache_line));
    zeroes_.clear();
  }

  void insert(std::span<const key_value> rows) {
    for (const auto& row : rows) {
      if (row.key == 0) [[unlikely]] {
        zeroes_.push_back(row.value);
        continue;
      }
      for (auto at = line_of(key_hash(row.key), bits_);; at = next(at))
        if (const auto free = equal_keys(lines_[at].keys, 0)) {
          const auto i = __builtin_ctz(free);
          lines_[at].keys[i] = row.key;
          lines_[at].values[i] = row.value;
          break;
        }
    }
  }

  template <class Emit>
  void probe(const key_value& row, Emit&& emit) const {
    if (row.key == 0) [[unlikely]] {
      for (const auto left : zeroes_)
        emit(left);
      return;
    }
    for (auto at = line_of(key_hash(row.key), bits_);; at = next(at)) {
      const auto& here = lines_[at];
      for (auto found = equal_keys(here.keys, row.key); found != 0; found &= found - 1)
        emit(here.values[__builtin_ctz(found)]);
      if (here.keys[3] == 0)
        return;
    }
  }

  void prefetch(std::uint64_t key) const { __builtin_prefetch(lines_.data() + line_of(key_hash(key), bits_), 1); }

private:
  struct alignas(64) cache_line {
    std::uint64_t keys[4]; ///< 0: free
    std::uint64_t values[4];
  };

  std::size_t next(std::size_t at) const { return (at + 1) & ((std::size_t{1} << bits_) - 1); }

  huge_array<cache_line> lines_;
  unsigned bits_ = 0;
  std::vector<std::uint64_t> zeroes_;
};

bag_digest join_partition(const side& left, const side& right, std::size_t partition, row_table& table) {
  std::size_t rows = 0;
  for (const auto& one : left)
    rows += one->rows(partition);
  table.reset(rows);
  for_each_chunk(left, partition, [&](std::span<const key_value> chunk) {
    for (const auto& row : chunk)
      table.prefetch(row.key);
    table.insert(chunk);
  });
  bag_digest digest;
  for_each_chunk(right, partition, [&](std::span<const key_value> chunk) {
    for (const auto& row : chunk)
      table.prefetch(row.key);
    for (const auto& row : chunk)
      table.probe(row,
                  [&](std::uint64_t value) { digest.add(value + row.value, join_hash(row.key, value, row.value)); });
  });
  return digest;
}

} // namespace

outcome join(const workload_config& config) {
  const auto rows = config.scaled(join_rows);
  const measuring clock;
  side left(config.threads), right(config.threads);
  on_threads(config.threads, [&](unsigned t) {
    const auto [from, to] = share(rows, t, config.threads);
    left[t] = std::make_unique<partitioned<key_value>>(to - from, partition_count);
    right[t] = std::make_unique<partitioned<key_value>>(to - from, partition_count);
    scatter({config.seed, rows}, from, to, *left[t]);
    scatter({config.seed + 1, rows}, from, to, *right[t]);
  });
  std::vector<bag_digest> digests(config.threads);
  std::atomic<std::size_t> next = 0;
  on_threads(config.threads, [&](unsigned t) {
    row_table table;
    for (std::size_t p = 0; (p = next.fetch_add(1)) < partition_count;)
      digests[t] += join_partition(left, right, p, table);
  });
  bag_digest all;
  for (const auto& digest : digests)
    all += digest;
  return clock.stop(all.text());
}

} // namespace crema::bench::limit
