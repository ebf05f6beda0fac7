#include "dataflow/text/split_words.hpp"

#include <algorithm>
#include <cstring>
#include <emmintrin.h>
#include <iterator>
#include <utility>

namespace crema {

namespace {

template <class Int>
std::uint64_t load(const char* from) {
  Int value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// The `size` bytes at `from`, fewer than 16, with zeros behind; reads no other.
__m128i load_short(const char* from, std::size_t size) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (size > 8) {
    low = load<std::uint64_t>(from);
    high = load<std::uint64_t>(from + size - 8) >> (8 * (16 - size));
  } else if (size >= 4) {
    low = load<std::uint32_t>(from) | load<std::uint32_t>(from + size - 4) << (8 * (size - 4));
  } else if (size > 0) {
    low = load<std::uint8_t>(from) | load<std::uint8_t>(from + size / 2) << (8 * (size / 2))
          | load<std::uint8_t>(from + size - 1) << (8 * (size - 1));
  }
  return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}

/// All ones where a byte is one of the `count` values from `first` on. (There is no unsigned comparison.)
__m128i in_range(__m128i bytes, char first, int count) {
  const auto shifted = _mm_add_epi8(bytes, _mm_set1_epi8(static_cast<char>(-128 - first)));
  return _mm_cmplt_epi8(shifted, _mm_set1_epi8(static_cast<char>(-128 + count)));
}

// A rule says which of 16 bytes belong to words, bit i for byte i, and writes them as the words have them.

struct no_spaces {
  static unsigned classify(__m128i bytes, char*) {
    const auto space = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')), in_range(bytes, '\t', 5));
    return static_cast<unsigned>(_mm_movemask_epi8(space)) ^ 0xffff;
  }
};

struct lowered_letters {
  static unsigned classify(__m128i bytes, char* lowered) {
    const auto bit = _mm_set1_epi8('a' - 'A');
    const auto letter = in_range(_mm_or_si128(bytes, bit), 'a', 26);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(lowered), _mm_or_si128(bytes, _mm_and_si128(letter, bit)));
    // The sign bit of a byte says that it is above 127.
    const auto word = _mm_or_si128(_mm_or_si128(letter, bytes), in_range(bytes, '0', 10));
    return static_cast<unsigned>(_mm_movemask_epi8(word));
  }
};

/// The same for up to 64 bytes of a line from `at` on.
template <class Rule>
std::uint64_t classify(std::string_view line, std::size_t at, char* lowered) {
  const auto sixteen = [&](std::size_t i) -> std::uint64_t {
    return Rule::classify(_mm_loadu_si128(reinterpret_cast<const __m128i*>(line.data() + i)), lowered + i);
  };
  const auto size = std::min<std::size_t>(line.size() - at, 64);
  std::uint64_t words = 0;
  std::size_t i = 0;
  for (; i + 16 <= size; i += 16)
    words |= sixteen(at + i) << i;
  const auto rest = size - i;
  if (rest == 0)
    return words;
  if (line.size() >= 16) // some bytes once more, rather than bytes behind the line
    return words | sixteen(line.size() - 16) >> (16 - rest) << i;
  return Rule::classify(load_short(line.data(), rest), lowered) & ((1u << rest) - 1);
}

template <class Rule>
void find_edges(std::string_view line, char* lowered, std::uint64_t* edges) {
  std::uint64_t carry = 0;
  std::size_t block = 0;
  for (; block <= line.size() / 64; ++block) {
    const auto words = classify<Rule>(line, block * 64, lowered);
    edges[block] = words ^ (words << 1 | carry);
    carry = words >> 63;
  }
  edges[block] = 0;
  for (const auto end : {line.size() + 1, line.size() + 2})
    edges[end / 64] |= std::uint64_t{1} << (end % 64);
}

// What long lines of this thread need, kept for the next one. Its first word is its size.
constexpr std::size_t most_kept = std::size_t{1} << 17; // words: 1 MiB
thread_local std::unique_ptr<std::uint64_t[]> kept_room;

} // namespace

word_range::word_range(std::string_view line, rule which) : text_{line.data()}, size_{line.size()} {
  char* lowered = short_text_;
  if (size_ > usual_line) [[unlikely]]
    lowered = make_room(which == rule::letters);
  if (which == rule::spaces) {
    find_edges<no_spaces>(line, lowered, edges_);
  } else {
    find_edges<lowered_letters>(line, lowered, edges_);
    text_ = lowered;
  }
}

char* word_range::make_room(bool lowered) {
  const auto edges = size_ / 64 + 2;
  const auto words = 1 + edges + (lowered ? (size_ / 64 + 1) * 8 : 0);
  if (kept_room && kept_room[0] >= words) {
    long_line_ = std::move(kept_room);
  } else {
    long_line_.reset(new std::uint64_t[words]);
    long_line_[0] = words;
  }
  edges_ = &long_line_[1];
  return lowered ? reinterpret_cast<char*>(&long_line_[1 + edges]) : short_text_;
}

void word_range::recycle() noexcept {
  const auto words = long_line_[0];
  if (words <= most_kept && (!kept_room || kept_room[0] < words))
    kept_room = std::move(long_line_);
}

void word_range::take(word_range& other) noexcept {
  text_ = other.text_;
  size_ = other.size_;
  edges_ = other.edges_;
  long_line_ = std::move(other.long_line_);
  if (long_line_)
    return;
  edges_ = short_edges_;
  std::copy(std::begin(other.short_edges_), std::end(other.short_edges_), short_edges_);
  if (text_ == other.short_text_) {
    text_ = short_text_;
    std::copy_n(other.short_text_, size_, short_text_);
  }
}

word_range split_words(std::string_view line) {
  return {line, word_range::rule::spaces};
}

word_range words(std::string_view line) {
  return {line, word_range::rule::letters};
}

} // namespace crema
