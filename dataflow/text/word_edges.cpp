#include "dataflow/text/word_edges.hpp"

#include <cstddef>
#include <cstring>
#include <immintrin.h>

namespace crema::internal {

namespace {

// The rules for as many bytes as a vector has: bit i of the result is set where byte i belongs to a word. Vectors are
// compared as signed numbers, so `in_range` first moves the range to the lowest of them. Bytes behind a line may belong
// to others, which sanitizers must not see: see `rest_of`.

struct sse2 {
  static constexpr std::size_t width = 16;

  static __m128i in_range(__m128i bytes, char first, int count) {
    const auto moved = _mm_add_epi8(bytes, _mm_set1_epi8(static_cast<char>(-128 - first)));
    return _mm_cmplt_epi8(moved, _mm_set1_epi8(static_cast<char>(-128 + count)));
  }

  [[gnu::no_sanitize_address, gnu::no_sanitize_thread]] static std::uint64_t no_spaces(const char* from, char*) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const auto space = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')), in_range(bytes, '\t', 5));
    return static_cast<std::uint16_t>(~_mm_movemask_epi8(space));
  }

  [[gnu::no_sanitize_address, gnu::no_sanitize_thread]] static std::uint64_t letters(const char* from, char* lowered) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const auto bit = _mm_set1_epi8('a' - 'A');
    const auto letter = in_range(_mm_or_si128(bytes, bit), 'a', 26);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(lowered), _mm_or_si128(bytes, _mm_and_si128(letter, bit)));
    // The sign bit of a byte says that it is above 127.
    const auto word = _mm_or_si128(_mm_or_si128(letter, bytes), in_range(bytes, '0', 10));
    return static_cast<std::uint16_t>(_mm_movemask_epi8(word));
  }
};

struct avx2 {
  static constexpr std::size_t width = 32;

  [[gnu::target("avx2")]] static __m256i in_range(__m256i bytes, char first, int count) {
    const auto moved = _mm256_add_epi8(bytes, _mm256_set1_epi8(static_cast<char>(-128 - first)));
    return _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(-128 + count)), moved);
  }

  [[gnu::target("avx2"), gnu::no_sanitize_address, gnu::no_sanitize_thread]] static std::uint64_t
  no_spaces(const char* from, char*) {
    const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    const auto space = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(' ')), in_range(bytes, '\t', 5));
    return static_cast<std::uint32_t>(~_mm256_movemask_epi8(space));
  }

  [[gnu::target("avx2"), gnu::no_sanitize_address, gnu::no_sanitize_thread]] static std::uint64_t
  letters(const char* from, char* lowered) {
    const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    const auto bit = _mm256_set1_epi8('a' - 'A');
    const auto letter = in_range(_mm256_or_si256(bytes, bit), 'a', 26);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lowered), _mm256_or_si256(bytes, _mm256_and_si256(letter, bit)));
    const auto word = _mm256_or_si256(_mm256_or_si256(letter, bytes), in_range(bytes, '0', 10));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(word));
  }
};

// All templates are forced into the functions below, so that those for AVX2 can inline the vector code.

template <class Vector, auto Rule>
[[gnu::always_inline]] inline std::uint64_t classify(const char* from, char* lowered) {
  std::uint64_t words = 0;
  for (std::size_t i = 0; i != 64; i += Vector::width)
    words |= Rule(from + i, lowered + i) << i;
  return words;
}

/// The same for the `size` < 64 bytes at the end of a line. As long as 64 of them share a page, reading those behind
/// cannot fault, and what they are does not matter. Lines differ in length, and a branch for it is mispredicted for
/// every other line.
template <class Vector, auto Rule>
[[gnu::always_inline]] inline std::uint64_t rest_of(const char* from, std::size_t size, char* lowered) {
  constexpr std::uintptr_t smallest_page = 4096;
  const auto mask = ~(~std::uint64_t{0} << size);
  if (reinterpret_cast<std::uintptr_t>(from) % smallest_page <= smallest_page - 64) [[likely]]
    return classify<Vector, Rule>(from, lowered) & mask;
  char padded[64]{};
  std::memcpy(padded, from, size);
  return classify<Vector, Rule>(padded, lowered) & mask;
}

template <class Vector, auto Rule>
[[gnu::always_inline]] inline void find(std::string_view line, char* lowered, std::uint64_t* edges) {
  std::uint64_t carry = 0;
  std::size_t at = 0;
  const auto put = [&](std::uint64_t words) __attribute__((always_inline)) {
    edges[at / 64] = words ^ (words << 1 | carry);
    carry = words >> 63;
  };
  for (; line.size() - at >= 64; at += 64)
    put(classify<Vector, Rule>(line.data() + at, lowered + at));
  const auto rest = line.size() - at;
  put(rest == 0 ? 0 : rest_of<Vector, Rule>(line.data() + at, rest, lowered + at));
  edges[at / 64 + 1] = 0;
  for (const auto end : {line.size() + 1, line.size() + 2})
    edges[end / 64] |= std::uint64_t{1} << (end % 64);
}

template <class Vector>
[[gnu::always_inline]] inline void find(word_rule rule, std::string_view line, char* lowered, std::uint64_t* edges) {
  if (rule == word_rule::letters)
    find<Vector, &Vector::letters>(line, lowered, edges);
  else
    find<Vector, &Vector::no_spaces>(line, lowered, edges);
}

[[gnu::target("avx2,bmi")]] void find_avx2(word_rule rule, std::string_view line, char* lowered, std::uint64_t* edges) {
  find<avx2>(rule, line, lowered, edges);
}

} // namespace

void find_word_edges(word_rule rule, std::string_view line, char* lowered, std::uint64_t* edges) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
  has_avx2 ? find_avx2(rule, line, lowered, edges) : find_word_edges_baseline(rule, line, lowered, edges);
}

void find_word_edges_baseline(word_rule rule, std::string_view line, char* lowered, std::uint64_t* edges) {
  find<sse2>(rule, line, lowered, edges);
}

} // namespace crema::internal
