#include "net/limited_log.hpp"

#include <algorithm>
#include <utility>

namespace crema::net {

std::optional<std::string> limited_log::add(const std::string& line, time now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - earned_);
  if (seconds.count() > 0) {
    left_ = static_cast<int>(std::min<std::int64_t>(burst, left_ + seconds.count()));
    earned_ += seconds;
  }
  if (left_ == 0) {
    ++left_out_;
    return {};
  }
  --left_;
  const auto silent = std::exchange(left_out_, 0);
  return silent == 0 ? line : line + " (" + std::to_string(silent) + " lines before this one were left out)";
}

} // namespace crema::net
