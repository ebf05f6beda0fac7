#include "net/launcher/output_tail.hpp"

#include <algorithm>
#include <utility>

namespace crema::net {

namespace {

/// The last `most` bytes, from the beginning of a line where there is one.
std::string_view last_lines(std::string_view text, std::size_t most) {
  if (text.size() <= most)
    return text;
  const bool between_lines = text[text.size() - most - 1] == '\n';
  text.remove_prefix(text.size() - most);
  const auto line = text.find('\n');
  return between_lines || line + 1 >= text.size() ? text : text.substr(line + 1);
}

} // namespace

std::string output_tail::add(std::string_view bytes) {
  begun_ += bytes;
  // A line without end is passed on in pieces.
  const auto end = begun_.size() > max_bytes ? begun_.size() : begun_.rfind('\n') + 1;
  std::string complete = begun_.substr(0, end);
  begun_.erase(0, end);
  kept_ = last_lines(kept_ + complete, max_bytes);
  return complete;
}

std::string output_tail::text() const {
  return std::string{last_lines(kept_ + begun_, max_bytes)};
}

} // namespace crema::net
