#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/huge_array.hpp"
#include "apps/bench/limit/programs.hpp"

namespace crema::bench::limit {

namespace {

// A point is one vector; eight of them are transposed, so that each lane looks for the nearest centre of its own point.
using eight = double __attribute__((vector_size(64)));
using eight_indices = std::int64_t __attribute__((vector_size(64)));

void load(eight& value, const double* from) {
  __builtin_memcpy(&value, from, sizeof value);
}

/// Element (d, i) of the result is dimension d of point i.
void transpose(const double* points, eight (&result)[8]) {
  eight a[8], b[8];
  for (int i = 0; i < 8; ++i)
    load(a[i], points + 8 * i);
  for (int i = 0; i < 8; i += 2) {
    b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; ++j) {
      a[i + j] = __builtin_shufflevector(b[i + j], b[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      a[i + j + 2] = __builtin_shufflevector(b[i + j], b[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; ++i) {
    result[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    result[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// The centres as the loop wants them: |c|^2 and -2c. The smallest |c|^2 - 2pc is the smallest |p - c|^2.
struct prepared {
  double square[centre_count];
  double factor[centre_count][8];

  explicit prepared(const std::vector<point>& centres) {
    for (std::size_t k = 0; k < centre_count; ++k) {
      square[k] = 0;
      for (std::size_t d = 0; d < 8; ++d) {
        square[k] += centres[k][d] * centres[k][d];
        factor[k][d] = -2 * centres[k][d];
      }
    }
  }

  void nearest(const double* points, std::int64_t (&result)[8]) const {
    eight x[8];
    transpose(points, x);
    eight best = eight{} + __builtin_huge_val();
    eight_indices index{};
    for (std::size_t k = 0; k < centre_count; ++k) {
      eight score = eight{} + square[k];
      for (std::size_t d = 0; d < 8; ++d)
        score += x[d] * factor[k][d];
      const eight_indices closer = score < best;
      best = closer ? score : best;
      index = closer ? eight_indices{} + static_cast<std::int64_t>(k) : index;
    }
    __builtin_memcpy(result, &index, sizeof index);
  }
};

struct alignas(64) totals {
  eight sums[centre_count]{};
  std::int64_t counts[centre_count]{};

  void add(std::int64_t centre, const double* p) {
    eight value;
    load(value, p);
    sums[centre] += value;
    ++counts[centre];
  }
};

totals assign(const prepared& centres, const double* points, std::size_t count) {
  // Two of them, so that neighbours with the same centre need not wait for each other's store.
  totals even, odd;
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    std::int64_t index[8];
    centres.nearest(points + 8 * i, index);
    __builtin_prefetch(points + 8 * i + 1024);
    for (std::size_t j = 0; j < 8; j += 2) {
      even.add(index[j], points + 8 * (i + j));
      odd.add(index[j + 1], points + 8 * (i + j + 1));
    }
  }
  if (i < count) {
    double padded[64]{};
    std::int64_t index[8];
    __builtin_memcpy(padded, points + 8 * i, (count - i) * sizeof(point));
    centres.nearest(padded, index);
    for (std::size_t j = 0; i + j < count; ++j)
      even.add(index[j], padded + 8 * j);
  }
  for (std::size_t k = 0; k < centre_count; ++k) {
    even.sums[k] += odd.sums[k];
    even.counts[k] += odd.counts[k];
  }
  return even;
}

void move_centres(std::vector<point>& centres, const std::vector<totals>& shares) {
  for (std::size_t k = 0; k < centre_count; ++k) {
    eight sum{};
    std::int64_t count = 0;
    for (const auto& share : shares) {
      sum += share.sums[k];
      count += share.counts[k];
    }
    for (std::size_t d = 0; count > 0 && d < 8; ++d)
      centres[k][d] = sum[d] / static_cast<double>(count);
  }
}

} // namespace

outcome k_means(const workload_config& config) {
  const auto points = made_by<point>(point_source{config.seed}, config.scaled(point_rows));
  const measuring clock;
  std::vector<point> centres(points.begin(), points.begin() + centre_count);
  std::vector<totals> shares(config.threads);
  for (unsigned iteration = 0; iteration < iterations; ++iteration) {
    const prepared current{centres};
    on_threads(config.threads, [&](unsigned t) {
      const auto [begin, end] = share(points.size(), t, config.threads);
      shares[t] = assign(current, points[begin].data(), end - begin);
    });
    move_centres(centres, shares);
  }
  outcome result = clock.stop(std::to_string(points.size()) + " points");
  for (const auto& centre : centres)
    result.values.insert(result.values.end(), centre.begin(), centre.end());
  return result;
}

} // namespace crema::bench::limit
