#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/huge_array.hpp"
#include "apps/bench/limit/programs.hpp"

#include <numeric>

namespace crema::bench::limit {

namespace {

// Eight numbers at a time, spelled with the compiler's vectors so that every x86 can run it.
using eight = std::int64_t __attribute__((vector_size(64)));

inline constexpr eight ascending{0, 1, 2, 3, 4, 5, 6, 7};

/// mapping, then keeping, then the sum, of each lane.
struct lanes {
  eight sum{};

  void add(const eight& x) {
    const eight mapped = (x * 5) ^ (x >> 7);
    sum += mapped & ((mapped & 6) != 2);
  }

  std::int64_t total() const {
    std::int64_t all = 0;
    for (int i = 0; i < 8; ++i)
      all += sum[i];
    return all;
  }
};

std::int64_t plain(std::int64_t x) {
  const auto mapped = mapping{}(x);
  return keeping{}(mapped) ? mapped : 0;
}

std::int64_t sum_of_range(std::int64_t at, std::int64_t end) {
  lanes even, odd;
  eight x = ascending + at;
  for (; at + 16 <= end; at += 16) {
    even.add(x);
    odd.add(x + 8);
    x += 16;
  }
  auto rest = even.total() + odd.total();
  for (; at < end; ++at)
    rest += plain(at);
  return rest;
}

std::int64_t sum_of_array(const std::int64_t* at, const std::int64_t* end) {
  lanes even, odd;
  for (; end - at >= 16; at += 16) {
    eight low, high;
    __builtin_memcpy(&low, at, sizeof low);
    __builtin_memcpy(&high, at + 8, sizeof high);
    // The hardware's prefetcher stops at the ends of 4 KiB.
    __builtin_prefetch(at + 512);
    __builtin_prefetch(at + 520);
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
  const auto numbers = made_by<std::int64_t>([](std::size_t i) { return static_cast<std::int64_t>(i); }, rows);
  return run(config, rows, [&](std::size_t begin, std::size_t end) {
    return sum_of_array(numbers.data() + begin, numbers.data() + end);
  });
}

} // namespace crema::bench::limit
