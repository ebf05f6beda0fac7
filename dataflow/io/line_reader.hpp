#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace crema::internal {

/// How to read lines; the defaults are for text.
struct line_options {
  std::size_t buffer_bytes = std::size_t{1} << 18;   ///< fits the second-level cache; grows for longer lines
  std::size_t max_line_bytes = std::size_t{1} << 30; ///< a longer line is an error; at most 1 GiB
  std::optional<char> delimiter = std::nullopt;      ///< the only byte that ends a line, instead of LF, CRLF and CR
};

/// The lines of one split of a file, pushed into a function that the compiler can inline.
///
///     line_reader lines{file.path, split.begin, split.end};
///     while (lines.read(1 << 16, [&](std::string_view line) { bytes += line.size(); }))
///       give_others_a_turn();
///
/// LF, CRLF and CR end a line and are not part of it; a last line without an end counts; all other bytes, NUL and
/// invalid UTF-8 among them, pass through untouched. A line belongs to the split in which it starts, so splits that
/// cover a file give each line once, wherever the borders lie, even between CR and LF.
///
/// Only the size that the file has when it is opened is read. Errors: io_failure (the file is gone, is shorter than
/// `end`, shrinks, cannot be read, or has a line beyond `max_line_bytes`; path and byte are named), unsupported (not
/// a regular file), invalid_argument. After an exception, the sink's included, the reader can only be destroyed.
///
/// Cost: one copy by pread into a recycled buffer (a mapping would turn a truncated file into SIGBUS) and one
/// vectorised scan that fills a small index of lines, as simdjson does it, before the sink runs. One descriptor.
/// Not thread-safe; distinct readers are independent.
class line_reader {
public:
  line_reader(std::string path, std::uint64_t begin, std::uint64_t end, const line_options& options = {});
  ~line_reader();
  line_reader(const line_reader&) = delete;
  line_reader& operator=(const line_reader&) = delete;

  /// Calls `sink(std::string_view line)` for the lines that end in about the next `max_bytes` bytes, possibly none;
  /// false when the split has no more. The view is valid during its call only. After a line for which `full()` is true
  /// it stops.
  template <class Sink, class Full>
  bool read(std::size_t max_bytes, Sink&& sink, Full&& full) {
    std::size_t used = 0;
    do {
      if (found_.empty())
        found_ = next_lines(max_bytes - used, used);
      for (std::size_t i = 0; i != found_.size();) {
        sink(found_[i++]);
        if (full() && i != found_.size()) {
          found_ = found_.subspan(i);
          return true;
        }
      }
      found_ = {};
    } while (used < max_bytes && !done_ && !full());
    return !done_;
  }
  template <class Sink>
  bool read(std::size_t max_bytes, Sink&& sink) {
    return read(max_bytes, std::forward<Sink>(sink), [] { return false; });
  }

  /// Bytes that came from the file so far; a split also reads the byte before it and the end of its last line.
  std::uint64_t bytes_read() const noexcept;

private:
  struct state;

  /// Scans up to `max_bytes` further bytes of the buffer, refilled where needed, and adds their number to `used`.
  std::span<const std::string_view> next_lines(std::size_t max_bytes, std::size_t& used);

  std::unique_ptr<state> state_;
  std::span<const std::string_view> found_; ///< lines that wait for the next read
  bool done_ = false;
};

} // namespace crema::internal
