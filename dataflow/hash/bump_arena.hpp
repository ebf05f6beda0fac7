#pragma once

#include "dataflow/block/page_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace crema::internal {

/// Memory that is handed out piece by piece and taken back all at once. Pieces never move. Runs no destructors.
class bump_arena {
public:
  /// `bytes` bytes at a multiple of `alignment`, a power of two up to 64. Throws std::bad_alloc.
  std::byte* allocate(std::size_t bytes, std::size_t alignment) {
    const auto gap = (std::size_t{0} - reinterpret_cast<std::uintptr_t>(next_)) & (alignment - 1);
    if (static_cast<std::size_t>(end_ - next_) < gap + bytes) [[unlikely]]
      return from_another_chunk(bytes);
    auto* const piece = next_ + gap;
    next_ = piece + bytes;
    return piece;
  }

  /// Forgets every piece and keeps the memory.
  void clear() noexcept;

  /// Forgets every piece and frees the memory.
  void release() noexcept;

  /// The bytes of memory held, used or not.
  std::size_t capacity_bytes() const noexcept { return capacity_bytes_; }

private:
  std::byte* from_another_chunk(std::size_t bytes);

  std::vector<page_buffer> chunks_;
  std::size_t used_chunks_ = 0;
  std::size_t capacity_bytes_ = 0;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
};

} // namespace crema::internal
