#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace crema::net {

/// How long to wait before the next try to reach somebody: twice as long each time, up to a limit. Each pause is cut by
/// up to a half at random, so that many who lost the same peer do not come back at once. Pure.
class growing_pause {
public:
  using duration = std::chrono::milliseconds;

  explicit growing_pause(duration first = duration{100}, duration longest = duration{5000}) noexcept
      : first_{first}, longest_{longest}, next_{first} {}

  /// `random` is any number.
  duration next(std::uint32_t random) noexcept {
    const auto whole = std::exchange(next_, std::min(next_ * 2, longest_));
    return whole - duration{random % (whole.count() / 2 + 1)};
  }

  /// The try has succeeded: the next pause is the first again.
  void reset() noexcept { next_ = first_; }

private:
  duration first_;
  duration longest_;
  duration next_;
};

} // namespace crema::net
