#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace crema::net {

/// Keeps whoever can cause log lines from filling the log: some at once, then one a second. Pure.
class limited_log {
public:
  using time = std::chrono::steady_clock::time_point;

  /// What to write for `line`, if anything: after lines that were left out it says how many they were.
  std::optional<std::string> add(const std::string& line, time now);

private:
  static constexpr int burst = 10;

  int left_ = burst;
  time earned_{}; ///< when the last line was earned back
  std::size_t left_out_ = 0;
};

} // namespace crema::net
