#include "dataflow/text/split_words.hpp"

#include "dataflow/text/word_edges.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace crema {

namespace {

// What long lines of this thread need, kept for the next one. Its first word is its size.
constexpr std::size_t most_kept = std::size_t{1} << 17; // words: 1 MiB
thread_local std::unique_ptr<std::uint64_t[]> kept_room;

} // namespace

word_range::word_range(std::string_view line, internal::word_rule which) : text_{line.data()}, size_{line.size()} {
  const bool lowers = which == internal::word_rule::letters;
  char* lowered = short_text_;
  if (size_ > usual_line) [[unlikely]]
    lowered = make_room(lowers);
  internal::find_word_edges(which, line, lowered, edges_);
  if (lowers)
    text_ = lowered;
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
  return {line, internal::word_rule::no_spaces};
}

word_range words(std::string_view line) {
  return {line, internal::word_rule::letters};
}

} // namespace crema
