#include "dataflow/io/splits.hpp"

#include "dataflow/error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace crema::internal {

namespace {

__extension__ using wide = unsigned __int128; // a size times a number of splits

std::uint64_t ceil_div(wide a, std::uint64_t b) {
  return static_cast<std::uint64_t>((a + b - 1) / b);
}

} // namespace

std::vector<file_split> plan_splits(std::span<const std::uint64_t> sizes, std::size_t min_splits,
                                    std::uint64_t max_split_bytes) {
  if (min_splits == 0 || max_split_bytes == 0)
    throw error{
      errc::invalid_argument,
      fmt::format("a text file needs at least 1 partition of at least 1 byte, asked for {} of at most {} bytes",
                  min_splits, max_split_bytes)};
  std::vector<file_split> splits;
  const auto total = std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
  for (std::uint32_t file = 0; file < sizes.size(); ++file) {
    const auto size = sizes[file];
    if (size == 0)
      continue;
    // Rounding each file's share up keeps the sum of all shares at min_splits or more.
    const auto share = std::min(size, ceil_div(wide{size} * min_splits, total));
    const auto count = std::max(share, ceil_div(size, max_split_bytes));
    const auto border = [&](std::uint64_t i) { return static_cast<std::uint64_t>(wide{size} * i / count); };
    for (std::uint64_t i = 0; i < count; ++i)
      splits.push_back({file, border(i), border(i + 1)});
  }
  return splits;
}

} // namespace crema::internal
