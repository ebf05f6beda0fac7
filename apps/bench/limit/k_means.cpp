#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/huge_array.hpp"
#include "apps/bench/limit/programs.hpp"
#include "apps/bench/limit/simd.hpp"

namespace crema::bench::limit {

namespace {

// Some points at a time are transposed, so that each lane looks for the nearest centre of its own point.
using lanes = double __attribute__((vector_size(vector_bytes)));
using lane_indices = std::int64_t __attribute__((vector_size(vector_bytes)));

void load(lanes& value, const double* from) {
  __builtin_memcpy(&value, from, sizeof value);
}

/// Element (d, i) of the result is dimension d of point i.
void transpose(const double* points, lanes (&result)[8]) {
#if defined(__AVX512F__)
  lanes a[8], b[8];
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
#elif defined(__AVX2__)
  for (int half = 0; half < 8; half += 4) {
    lanes a[4], b[4];
    for (int i = 0; i < 4; ++i)
      load(a[i], points + 8 * i + half);
    for (int i = 0; i < 4; i += 2) {
      b[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 4, 2, 6);
      b[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 5, 3, 7);
    }
    for (int i = 0; i < 2; ++i) {
      result[half + i] = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 4, 5);
      result[half + i + 2] = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 6, 7);
    }
  }
#else
  for (int d = 0; d < 8; ++d)
    for (int i = 0; i < lane_count; ++i)
      result[d][i] = points[8 * i + d];
#endif
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

  void nearest(const double* points, std::int64_t (&result)[lane_count]) const {
    lanes x[8];
    transpose(points, x);
    lanes best = lanes{} + __builtin_huge_val();
    lane_indices index{};
    for (std::size_t k = 0; k < centre_count; ++k) {
      lanes score = lanes{} + square[k];
      for (std::size_t d = 0; d < 8; ++d)
        score += x[d] * factor[k][d];
      const lane_indices closer = score < best;
      best = closer ? score : best;
      index = closer ? lane_indices{} + static_cast<std::int64_t>(k) : index;
    }
    __builtin_memcpy(result, &index, sizeof index);
  }
};

struct alignas(64) totals {
  double sums[centre_count][8]{};
  std::int64_t counts[centre_count]{};

  void add(std::int64_t centre, const double* p) {
    for (int d = 0; d < 8; d += lane_count) {
      lanes sum, value;
      load(sum, &sums[centre][d]);
      load(value, p + d);
      sum += value;
      __builtin_memcpy(&sums[centre][d], &sum, sizeof sum);
    }
    ++counts[centre];
  }

  void add(const totals& other) {
    for (std::size_t k = 0; k < centre_count; ++k) {
      for (std::size_t d = 0; d < 8; ++d)
        sums[k][d] += other.sums[k][d];
      counts[k] += other.counts[k];
    }
  }
};

totals assign(const prepared& centres, const double* points, std::size_t count) {
  // Two of them, so that neighbours with the same centre need not wait for each other's store.
  totals even, odd;
  std::int64_t index[lane_count];
  std::size_t i = 0;
  for (; i + lane_count <= count; i += lane_count) {
    centres.nearest(points + 8 * i, index);
    for (std::size_t j = 0; j < lane_count; j += 2) {
      __builtin_prefetch(points + 8 * (i + j) + 1024);
      __builtin_prefetch(points + 8 * (i + j) + 1032);
      even.add(index[j], points + 8 * (i + j));
      odd.add(index[j + 1], points + 8 * (i + j + 1));
    }
  }
  if (i < count) {
    double padded[8 * lane_count]{};
    __builtin_memcpy(padded, points + 8 * i, (count - i) * sizeof(point));
    centres.nearest(padded, index);
    for (std::size_t j = 0; i + j < count; ++j)
      even.add(index[j], padded + 8 * j);
  }
  even.add(odd);
  return even;
}

void move_centres(std::vector<point>& centres, const std::vector<totals>& shares) {
  totals all;
  for (const auto& share : shares)
    all.add(share);
  for (std::size_t k = 0; k < centre_count; ++k)
    for (std::size_t d = 0; all.counts[k] > 0 && d < 8; ++d)
      centres[k][d] = all.sums[k][d] / static_cast<double>(all.counts[k]);
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
