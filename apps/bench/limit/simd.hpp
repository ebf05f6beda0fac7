#pragma once

#include <cstdint>
#include <cstring>

#ifdef __AVX2__
#include <immintrin.h>
#endif

/// The few steps for which the compiler finds no vector code, each with a plain twin for older processors.
namespace crema::bench::limit {

/// Bytes of the widest vector that this processor computes with. The compiler takes wider ones apart, badly.
#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
inline constexpr int vector_bytes = 32;
#else
inline constexpr int vector_bytes = 16;
#endif
inline constexpr int lane_count = vector_bytes / 8; // of 64-bit numbers

/// Lowercases the ASCII letters of 64 bytes in place. Bit i of the result: byte i is a letter, a digit or above 127.
inline std::uint64_t lowercase_words(unsigned char* text) {
#ifdef __AVX512BW__
  auto bytes = _mm512_loadu_si512(text);
  const auto above = [&](char first) { return _mm512_sub_epi8(bytes, _mm512_set1_epi8(first)); };
  const auto upper = _mm512_cmplt_epu8_mask(above('A'), _mm512_set1_epi8(26));
  bytes = _mm512_mask_add_epi8(bytes, upper, bytes, _mm512_set1_epi8('a' - 'A'));
  _mm512_storeu_si512(text, bytes);
  return _mm512_cmplt_epu8_mask(above('a'), _mm512_set1_epi8(26))
         | _mm512_cmplt_epu8_mask(above('0'), _mm512_set1_epi8(10)) | _mm512_movepi8_mask(bytes);
#elif defined(__AVX2__)
  // Signed comparisons are all there is; `below` brings each range to the smallest numbers.
  const auto below = [](__m256i bytes, char first, int count) {
    const auto moved = _mm256_add_epi8(bytes, _mm256_set1_epi8(static_cast<char>(128 - first)));
    return _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(count - 128)), moved);
  };
  const auto half = [&](unsigned char* at) {
    auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const auto upper = below(bytes, 'A', 26);
    bytes = _mm256_add_epi8(bytes, _mm256_and_si256(upper, _mm256_set1_epi8('a' - 'A')));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), bytes);
    const auto words = _mm256_or_si256(_mm256_or_si256(below(bytes, 'a', 26), below(bytes, '0', 10)), bytes);
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(words));
  };
  const std::uint64_t low = half(text);
  return low | static_cast<std::uint64_t>(half(text + 32)) << 32;
#else
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < 64; ++i) {
    const unsigned byte = text[i];
    text[i] = static_cast<unsigned char>(byte - 'A' < 26 ? byte + ('a' - 'A') : byte);
    mask |= static_cast<std::uint64_t>(byte - 'A' < 26 || byte - 'a' < 26 || byte - '0' < 10 || byte > 127) << i;
  }
  return mask;
#endif
}

/// Writes `base` plus the index of each set bit to `to`, and up to 64 words of anything behind. The number of bits.
inline unsigned write_indices(std::uint64_t bits, std::uint32_t base, std::uint32_t* to) {
  const auto count = static_cast<unsigned>(__builtin_popcountll(bits));
#ifdef __AVX512VBMI2__
  alignas(64) static constexpr unsigned char iota[64] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
  const auto all = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(iota));
  const auto offset = _mm512_set1_epi32(static_cast<int>(base));
  const auto write = [&](__m128i sixteen, std::uint32_t* target) {
    _mm512_storeu_si512(target, _mm512_add_epi32(_mm512_maskz_cvtepu8_epi32(0xffff, sixteen), offset));
  };
  write(_mm512_maskz_extracti32x4_epi32(0xf, all, 0), to);
  write(_mm512_maskz_extracti32x4_epi32(0xf, all, 1), to + 16);
  if (count > 32) {
    write(_mm512_maskz_extracti32x4_epi32(0xf, all, 2), to + 32);
    write(_mm512_maskz_extracti32x4_epi32(0xf, all, 3), to + 48);
  }
#else
  for (; bits != 0; bits &= bits - 1)
    *to++ = base + static_cast<std::uint32_t>(__builtin_ctzll(bits));
#endif
  return count;
}

/// The first 16 bytes of a word, zeroes behind its end.
struct short_word {
  std::uint64_t low;
  std::uint64_t high;

  bool operator==(const short_word&) const = default;
};

/// Reads 16 bytes at `text`, keeps the first `length` (1 to 16).
inline short_word load_word(const unsigned char* text, unsigned length) {
  short_word word;
#ifdef __AVX512VL__
  const auto mask = static_cast<__mmask16>((1U << length) - 1);
  const auto bytes = _mm_maskz_loadu_epi8(mask, text);
  std::memcpy(&word, &bytes, 16);
#else
  std::memcpy(&word, text, 16);
  word.low &= length < 8 ? ~(~std::uint64_t{0} << (8 * length)) : ~std::uint64_t{0};
  word.high = length <= 8 ? 0 : word.high & (~std::uint64_t{0} >> (8 * (16 - length)));
#endif
  return word;
}

/// Bit i of the result: keys[i] equals `key`. The keys are aligned to 32 bytes.
inline unsigned equal_keys(const std::uint64_t (&keys)[4], std::uint64_t key) {
#ifdef __AVX2__
  const auto found = _mm256_cmpeq_epi64(_mm256_load_si256(reinterpret_cast<const __m256i*>(keys)),
                                        _mm256_set1_epi64x(static_cast<long long>(key)));
  return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(found)));
#else
  unsigned mask = 0;
  for (unsigned i = 0; i < 4; ++i)
    mask |= static_cast<unsigned>(keys[i] == key) << i;
  return mask;
#endif
}

} // namespace crema::bench::limit
