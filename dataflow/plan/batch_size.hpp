#pragma once

#include "dataflow/thin/chrono.hpp"

#include <algorithm>
#include <cstddef>

namespace crema::internal {

/// How many records to ask a cursor for at once, so that one go takes some 100 microseconds whatever a record costs.
class batch_size {
public:
  std::size_t operator()() const noexcept { return n_; }

  void took(std::chrono::steady_clock::duration time) noexcept {
    using namespace std::chrono_literals;
    if (time < 100us)
      n_ = std::min(n_ * 4, std::size_t{1} << 20);
    else if (time > 400us)
      n_ = std::max<std::size_t>(1, n_ / 4);
  }

private:
  std::size_t n_ = 256;
};

/// How many records to ask a cursor for at once, so that no more comes of them than there is room for: learned from
/// what came of the last ones. The unit of what comes is the user's: bytes, keys.
class yield_estimate {
public:
  /// `made` is what comes of one record, as far as is known beforehand.
  explicit yield_estimate(std::size_t made) noexcept : made_{made} {}

  /// At most `n`.
  std::size_t records_for(std::size_t room, std::size_t n) const noexcept {
    return made_ == 0 ? n : std::clamp<std::size_t>(asked_ * room / made_, 1, n);
  }

  void note(std::size_t asked, std::size_t made) noexcept {
    asked_ = asked_ / 2 + asked; // what was long ago says less
    made_ = made_ / 2 + made;
  }

private:
  std::size_t asked_ = 1;
  std::size_t made_;
};

} // namespace crema::internal
