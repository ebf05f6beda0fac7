#include "apps/bench/inputs.hpp"
#include "apps/bench/limit/huge_array.hpp"
#include "apps/bench/limit/programs.hpp"
#include "apps/bench/limit/radix.hpp"

#include <emmintrin.h>

#include <atomic>
#include <bit>

namespace crema::bench::limit {

namespace {

using number = std::uint64_t;

/// How many of the first bits choose a bucket, so that a bucket and its copy fit in a second-level cache.
unsigned bucket_bits(std::size_t rows) {
  return std::clamp(static_cast<unsigned>(std::bit_width(rows / 20'000)), 1U, 11U);
}

using counts = std::vector<std::size_t>;

counts count_buckets(const number* at, const number* end, unsigned bits) {
  // Four of them: neighbours may fall into one bucket, and then the second would wait for the first one's store.
  std::vector<std::uint32_t> parts(4 << bits);
  const auto shift = 64 - bits;
  for (; end - at >= 4; at += 4)
    for (std::size_t i = 0; i < 4; ++i)
      ++parts[(at[i] >> shift) * 4 + i];
  for (; at < end; ++at)
    ++parts[(*at >> shift) * 4];
  counts result(std::size_t{1} << bits);
  for (std::size_t b = 0; b < result.size(); ++b)
    result[b] = std::size_t{parts[4 * b]} + parts[4 * b + 1] + parts[4 * b + 2] + parts[4 * b + 3];
  return result;
}

/// One cache line of a bucket, collected before it is written.
struct alignas(64) cache_line {
  static constexpr std::size_t size = 8;
  number rows[size];

  /// Writes past the caches: a plain store would first read the line that it overwrites.
  void stream_to(number* target) const {
    for (std::size_t i = 0; i < size; i += 2)
      _mm_stream_si128(reinterpret_cast<__m128i*>(target + i),
                       _mm_load_si128(reinterpret_cast<const __m128i*>(rows + i)));
  }
};

/// Writes each number to its bucket's next place: so many buckets that whole lines are worth collecting.
void scatter(const number* at, const number* end, counts places, unsigned bits, number* to) {
  constexpr auto size = cache_line::size;
  const auto shift = 64 - bits;
  const auto begins = places;
  std::vector<cache_line> lines(places.size());
  const auto write = [&](std::size_t bucket, std::size_t from, std::size_t count) {
    std::copy_n(lines[bucket].rows + from % size, count, to + from);
  };
  for (; at < end; ++at) {
    const auto bucket = *at >> shift;
    const auto place = places[bucket]++;
    lines[bucket].rows[place % size] = *at;
    if (place % size != size - 1)
      continue;
    if (place + 1 >= begins[bucket] + size)
      lines[bucket].stream_to(to + place + 1 - size);
    else
      write(bucket, begins[bucket], place + 1 - begins[bucket]);
  }
  for (std::size_t b = 0; b < places.size(); ++b) {
    const auto from = std::max(begins[b], places[b] / size * size);
    write(b, from, places[b] - from);
  }
  _mm_sfence();
}

/// Where each thread's part of each bucket begins, and where each bucket does.
std::vector<counts> places_of(const std::vector<counts>& counted, counts& begins) {
  auto places = counted;
  std::size_t sum = 0;
  for (std::size_t b = 0; b < counted[0].size(); ++b) {
    begins.push_back(sum);
    for (auto& its : places)
      sum += std::exchange(its[b], sum);
  }
  begins.push_back(sum);
  return places;
}

void sort_numbers(number* rows, std::size_t size, unsigned bits, std::vector<number>& spare) {
  spare.resize(std::max(spare.size(), size));
  sort_bucket(
    rows, spare.data(), size, 64 - bits, [](number n) { return n; }, std::less{});
}

sequence_digest digest_of(const number* rows, std::size_t size) {
  sequence_digest digest;
  for (std::size_t i = 0; i < size; ++i)
    digest.add(rows[i]);
  return digest;
}

} // namespace

outcome sort(const workload_config& config) {
  const auto input = made_by<number>(number_source{config.seed}, config.scaled(sort_rows));
  const measuring clock;
  const auto bits = bucket_bits(input.size());
  huge_array<number> sorted{input.size()};
  std::vector<counts> counted(config.threads);
  const auto each_share = [&](auto&& work) {
    on_threads(config.threads, [&](unsigned t) {
      const auto [from, to] = share(input.size(), t, config.threads);
      work(t, input.data() + from, input.data() + to);
    });
  };
  each_share([&](unsigned t, const number* at, const number* end) { counted[t] = count_buckets(at, end, bits); });
  counts begins;
  const auto places = places_of(counted, begins);
  each_share(
    [&](unsigned t, const number* at, const number* end) { scatter(at, end, places[t], bits, sorted.data()); });
  std::atomic<std::size_t> next = 0;
  std::vector<sequence_digest> digests(begins.size() - 1);
  on_threads(config.threads, [&](unsigned) {
    std::vector<number> spare;
    for (std::size_t b = 0; (b = next.fetch_add(1)) < digests.size();) {
      const auto size = begins[b + 1] - begins[b];
      sort_numbers(sorted.data() + begins[b], size, bits, spare);
      digests[b] = digest_of(sorted.data() + begins[b], size);
    }
  });
  sequence_digest all;
  for (const auto& digest : digests)
    all += digest;
  return clock.stop(all.text());
}

} // namespace crema::bench::limit
