#include "apps/bench/crema/halves.hpp"

namespace crema::bench {

std::span<const crema_program> crema_halves() {
  return {};
}

} // namespace crema::bench
