#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/huge_array.hpp"
#include "apps/bench/limit/programs.hpp"
#include "apps/bench/limit/simd.hpp"

#include <numeric>

namespace crema::bench::limit {

namespace {

using numbers = std::int64_t __attribute__((vector_size(vector_bytes)));

/// mapping, then keeping, then the sum, of each lane.
struct lane_sums {
  numbers sum{};

  void add(const numbers& x) {
    const numbers mapped = (x * 5) ^ (x >> 7);
    sum += mapped & ((mapped & 6) != 2);
  }

  std::int64_t total() const {
    std::int64_t all = 0;
    for (int i = 0; i < lane_count; ++i)
      all += sum[i];
    return all;
  }
};

std::int64_t plain(std::int64_t x) {
  const auto mapped = mapping{}(x);
  return keeping{}(mapped) ? mapped : 0;
}

std::int64_t sum_of_range(std::int64_t at, std::int64_t end) {
  lane_sums even, odd;
  numbers x{};
  for (int i = 0; i < lane_count; ++i)
    x[i] = at + i;
  for (; at + 2 * lane_count <= end; at += 2 * lane_count) {
    even.add(x);
    odd.add(x + lane_count);
    x += 2 * lane_count;
  }
  auto rest = even.total() + odd.total();
  for (; at < end; ++at)
    rest += plain(at);
  return rest;
}

std::int64_t sum_of_array(const std::int64_t* at, const std::int64_t* end) {
  lane_sums even, odd;
  for (; end - at >= 2 * lane_count; at += 2 * lane_count) {
    numbers low, high;
    __builtin_memcpy(&low, at, sizeof low);
    __builtin_memcpy(&high, at + lane_count, sizeof high);
    // The hardware's prefetcher stops at the ends of 4 KiB.
    __builtin_prefetch(at + 512);
    __builtin_prefetch(at + 512 + lane_count);
    even.add(low);
    odd.add(high);
  }
  auto rest = even.total() + odd.total();
  for (; at < end; ++at)
    rest += plain(*at);
  return rest;
}

template <class Sum>
outcome run(const workload_config& config, std::size_t rows, Sum&& sum) {
  std::vector<std::int64_t> sums(config.threads);
  const measuring clock;
  on_threads(config.threads, [&](unsigned t) {
    const auto [begin, end] = share(rows, t, config.threads);
    sums[t] = sum(begin, end);
  });
  return clock.stop(std::to_string(std::accumulate(sums.begin(), sums.end(), std::int64_t{0})));
}

} // namespace

outcome range(const workload_config& config) {
  return run(config, config.scaled(range_rows), [](std::size_t begin, std::size_t end) {
    return sum_of_range(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end));
  });
}

outcome array(const workload_config& config) {
  const auto rows = config.scaled(range_rows);
  const auto made = made_by<std::int64_t>([](std::size_t i) { return static_cast<std::int64_t>(i); }, rows);
  return run(config, rows,
             [&](std::size_t begin, std::size_t end) { return sum_of_array(made.data() + begin, made.data() + end); });
}

} // namespace crema::bench::limit
