#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace crema::net {

/// The last lines of what a process writes, in bounded memory. Pure.
class output_tail {
public:
  static constexpr std::size_t max_bytes = 4096;

  /// Takes what was written; the lines that it completes, to be passed on.
  std::string add(std::string_view bytes);

  /// The last whole lines, and the one that has begun: max_bytes at most.
  std::string text() const;

private:
  std::string kept_;  ///< the end of what was passed on
  std::string begun_; ///< a line without its end
};

} // namespace crema::net
