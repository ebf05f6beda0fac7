#include "dataflow/io/line_scan.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <immintrin.h>

namespace crema::internal {

namespace {

// One bit for each of 64 bytes.
struct found {
  std::uint64_t delimiters;
  std::uint64_t crs;
};

struct sse2_scan {
  static std::uint64_t equal(const char* data, char sought) {
    const auto pattern = _mm_set1_epi8(sought);
    std::uint64_t bits = 0;
    for (int i = 0; i < 64; i += 16) {
      const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + i));
      bits |= static_cast<std::uint64_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, pattern))) << i;
    }
    return bits;
  }

  static found find(const char* data, char delimiter) { return {equal(data, delimiter), equal(data, '\r')}; }
};

struct avx2_scan {
  [[gnu::target("avx2")]] static std::uint64_t equal(const char* data, char sought) {
    const auto pattern = _mm256_set1_epi8(sought);
    const auto low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data));
    const auto high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + 32));
    const auto low_bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, pattern)));
    const auto high_bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, pattern)));
    return std::uint64_t{high_bits} << 32 | low_bits;
  }

  [[gnu::target("avx2")]] static found find(const char* data, char delimiter) {
    return {equal(data, delimiter), equal(data, '\r')};
  }
};

// Forced into its callers, so that the one that is compiled for AVX2 can inline the vector code.
template <class Vector>
[[gnu::always_inline]] inline std::size_t scan(line_scan& s, const char* data, std::size_t limit,
                                               std::span<std::string_view> index) {
  auto* out = index.data();
  const auto* const full = out + index.size();
  auto at = s.position; // the members may alias `index`
  auto begin = s.line;
  auto after_cr = s.after_cr;
  while (at < limit && static_cast<std::size_t>(full - out) >= line_scan::at_once) {
    const auto size = std::min<std::size_t>(limit - at, 64);
    const auto valid = ~std::uint64_t{0} >> (64 - size);
    const auto [delimiters, crs] = Vector::find(data + at, s.delimiter);
    const auto line_feeds = delimiters & valid;
    const auto returns = s.carriage_returns ? crs & valid : 0;
    const auto second_of_pair = line_feeds & (returns << 1 | (after_cr ? 1 : 0));
    for (auto ends = line_feeds | returns; ends != 0; ends &= ends - 1) {
      const auto end = static_cast<unsigned>(std::countr_zero(ends));
      *out = {data + begin, at + end - begin};
      out += (~second_of_pair >> end) & 1;
      begin = at + end + 1;
    }
    after_cr = (returns >> (size - 1) & 1) != 0;
    at += size;
  }
  s.position = at;
  s.line = begin;
  s.after_cr = after_cr;
  return static_cast<std::size_t>(out - index.data());
}

[[gnu::target("avx2,bmi")]] std::size_t scan_avx2(line_scan& s, const char* data, std::size_t limit,
                                                  std::span<std::string_view> index) {
  return scan<avx2_scan>(s, data, limit, index);
}

} // namespace

std::size_t line_scan::run(const char* data, std::size_t limit, std::span<std::string_view> index) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
  return has_avx2 ? scan_avx2(*this, data, limit, index) : run_baseline(data, limit, index);
}

std::size_t line_scan::run_baseline(const char* data, std::size_t limit, std::span<std::string_view> index) {
  return scan<sse2_scan>(*this, data, limit, index);
}

} // namespace crema::internal
