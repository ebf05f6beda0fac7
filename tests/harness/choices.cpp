#include "tests/harness/choices.hpp"

#include <algorithm>
#include <cmath>

namespace crema::testing {

std::uint64_t choices::below(std::uint64_t bound) {
  bound = std::max<std::uint64_t>(1, bound);
  std::uint64_t draw = 0;
  if (chance_)
    draw = chance_->below(bound);
  else if (drawn_.size() < given_.size())
    draw = std::min(given_[drawn_.size()], bound - 1);
  drawn_.push_back(draw);
  return draw;
}

bool choices::chance_of(double probability) {
  constexpr std::uint64_t parts = 10'000;
  const auto share = static_cast<std::uint64_t>(std::llround(std::clamp(probability, 0.0, 1.0) * parts));
  return below(parts) >= parts - share;
}

} // namespace crema::testing
