#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace crema::internal {

/// Finds the ends of lines in a buffer, 64 bytes at a time, and remembers where it stopped.
///
///     line_scan scan;
///     const auto n = scan.run(data, size, index); // index[0 … n-1] are lines; scan.line begins the unfinished one
///
/// Pure. The widest vectors of the processor at hand are used; the result is the same.
struct line_scan {
  static constexpr std::size_t padding = 64; ///< bytes behind `limit` that must be readable, with any content
  static constexpr std::size_t at_once = 64; ///< `run` needs this much free index to go on

  char delimiter = '\n';
  bool carriage_returns = true; ///< CR and CRLF end a line, too
  std::size_t position = 0;     ///< everything before it has been scanned
  std::size_t line = 0;         ///< where the line in progress begins
  bool after_cr = false;        ///< the byte before `position` is a CR that ended a line: an LF here belongs to it

  /// Scans data[position, limit) until it has less than `at_once` room in `index`; the number of lines put there.
  std::size_t run(const char* data, std::size_t limit, std::span<std::string_view> index);

  /// The same without instructions beyond the x86-64 baseline.
  std::size_t run_baseline(const char* data, std::size_t limit, std::span<std::string_view> index);
};

} // namespace crema::internal
