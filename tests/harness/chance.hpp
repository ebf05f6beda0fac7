#pragma once

#include <cstdint>

namespace crema::testing::detail {

/// The same numbers from the same seed, on every machine and with every library (splitmix64).
class chance {
public:
  explicit chance(std::uint64_t seed) noexcept : state_{seed} {}

  std::uint64_t next() noexcept {
    auto z = state_ += 0x9E37'79B9'7F4A'7C15;
    z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
    z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
    return z ^ (z >> 31);
  }

  /// Below `bound`, which is at least 1.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

private:
  std::uint64_t state_;
};

} // namespace crema::testing::detail
