#pragma once

#include <array>
#include <chrono>
#include <ctime>
#include <string>

namespace crema::command {

/// "2035-11-24".
inline std::string date_text(std::chrono::system_clock::time_point when) {
  const auto seconds = std::chrono::system_clock::to_time_t(when);
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &fields);
  return text.data();
}

} // namespace crema::command
