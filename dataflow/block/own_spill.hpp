#pragma once

#include <string>

namespace crema::internal {

/// Removes the spill directories of this process below `base` (empty: below all default bases), for a process that ends
/// without the destructors that would do so. Whoever still spills then fails.
void remove_own_spill_directories(const std::string& base) noexcept;

} // namespace crema::internal
