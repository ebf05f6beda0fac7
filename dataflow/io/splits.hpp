#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace crema::internal {

/// The bytes [begin, end) of one input file, at least one. A line belongs to the split in which its first byte lies.
struct file_split {
  std::uint32_t file; ///< index into the sizes
  std::uint64_t begin;
  std::uint64_t end;

  bool operator==(const file_split&) const = default;
};

/// Cuts files of the given sizes (bytes) into splits, ordered by file, then offset; they cover every byte once.
///
///     plan_splits({{100, 0, 50}}, 3, 1 << 20) // file 0: [0,50) [50,100), file 2: [0,50)
///
/// At least `min_splits` splits where there are that many bytes, at most one more per further file; none longer than
/// `max_split_bytes`. The splits of a file differ by at most one byte. An empty file has no line and gives no split,
/// so files that are all empty give an empty plan. Errors: invalid_argument where either bound is 0. Pure.
std::vector<file_split> plan_splits(std::span<const std::uint64_t> sizes, std::size_t min_splits,
                                    std::uint64_t max_split_bytes);

} // namespace crema::internal
