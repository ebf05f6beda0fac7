#pragma once

#include <cstddef>
#include <iosfwd>

namespace crema::testing {

/// What this process holds: to be compared with what it held before.
///
///     const held_resources before;
///     …
///     EXPECT_EQ(held_resources{}, before);
struct held_resources {
  held_resources();

  std::size_t threads;
  std::size_t descriptors;
  std::size_t children;

  bool operator==(const held_resources&) const = default;
};

std::ostream& operator<<(std::ostream& out, const held_resources& held);

} // namespace crema::testing
