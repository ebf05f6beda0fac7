#pragma once

#include "dataflow/text/word_edges.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace crema {

/// The words of one line: what `split_words` and `words` return, a lazy range of std::string_view.
///
///     for (std::string_view word : crema::words(line))
///       use(word);
///
/// The views are valid as long as the range, and those of `split_words` as long as the line. Iterating only counts
/// bits: the line was classified when the range was made, 64 bytes at a time, as simdjson does it. Not thread-safe;
/// distinct ranges are independent. Cost: some nanoseconds a line and a word; an allocation only for lines of more than
/// `usual_line` bytes, whose memory the next long line of the same thread uses again.
class word_range {
public:
  static constexpr std::size_t usual_line = 255;

  class iterator {
  public:
    using value_type = std::string_view;
    using reference = std::string_view;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;

    std::string_view operator*() const noexcept { return {text_ + begin_, end_ - begin_}; }

    iterator& operator++() noexcept {
      begin_ = next_edge();
      end_ = next_edge();
      return *this;
    }
    iterator operator++(int) noexcept {
      auto before = *this;
      ++*this;
      return before;
    }

    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.begin_ == b.begin_; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept { return i.begin_ >= i.size_; }

  private:
    friend word_range;

    iterator(const char* text, std::size_t size, const std::uint64_t* edges) noexcept
        : bits_{*edges}, edges_{edges}, text_{text}, size_{size} {
      ++*this;
    }

    // Two edges stand behind the line, so that no loop here needs to look for its end.
    std::size_t next_edge() noexcept {
      while (bits_ == 0) {
        bits_ = *++edges_;
        base_ += 64;
      }
      const auto edge = base_ + static_cast<unsigned>(__builtin_ctzll(bits_));
      bits_ &= bits_ - 1;
      return edge;
    }

    std::uint64_t bits_ = 0;
    const std::uint64_t* edges_ = nullptr;
    const char* text_ = nullptr;
    std::size_t base_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t size_ = 0;
  };

  word_range(word_range&& other) noexcept { take(other); }
  word_range& operator=(word_range&& other) noexcept {
    if (this != &other)
      take(other);
    return *this;
  }
  ~word_range() {
    if (long_line_) [[unlikely]]
      recycle();
  }

  iterator begin() const noexcept { return {text_, size_, edges_}; }
  std::default_sentinel_t end() const noexcept { return {}; }
  bool empty() const noexcept { return begin() == end(); }

  friend word_range split_words(std::string_view line);
  friend word_range words(std::string_view line);

private:
  word_range(std::string_view line, internal::word_rule which);

  char* make_room(bool lowered);
  void take(word_range& other) noexcept;
  void recycle() noexcept;

  const char* text_;
  std::size_t size_;
  std::uint64_t* edges_ = short_edges_;
  std::unique_ptr<std::uint64_t[]> long_line_;
  std::uint64_t short_edges_[usual_line / 64 + 2]; // bit i: a word begins or ends at byte i
  char short_text_[usual_line / 64 * 64 + 64];
};

/// The maximal runs of bytes of `line` that are not ASCII whitespace (space, \t, \n, \v, \f, \r): Python's
/// bytes.split(). No word is empty. `line` must outlive what is done with the words.
///
///     lines.flat_map([](std::string_view line) { return crema::split_words(line); })
[[nodiscard]] word_range split_words(std::string_view line);

/// The words of a text as people count them: maximal runs of ASCII letters, digits and bytes above 127 (so of UTF-8's
/// other letters), with ASCII letters lowercased.
///
///     lines.flat_map([](std::string_view line) { return crema::words(line); })
[[nodiscard]] word_range words(std::string_view line);

/// A temporary string would be gone before its words are read.
template <class String>
requires std::same_as<String, std::string> word_range split_words(String&& line)
= delete;
template <class String>
requires std::same_as<String, std::string> word_range words(String&& line)
= delete;

} // namespace crema
