#include "dataflow/hash/bump_arena.hpp"

#include <algorithm>

namespace crema::internal {

namespace {

// Chunks double from a page, so that a small table stays small, up to where page_buffer gives huge pages.
constexpr std::size_t first_chunk_bytes = std::size_t{4} << 10;
constexpr std::size_t last_chunk_bytes = std::size_t{2} << 20;

} // namespace

void bump_arena::clear() noexcept {
  used_chunks_ = 0;
  next_ = end_ = nullptr;
}

void bump_arena::release() noexcept {
  clear();
  chunks_.clear();
  capacity_bytes_ = 0;
}

std::byte* bump_arena::from_another_chunk(std::size_t bytes) {
  // After clear() the old chunks come again in their order; one that is too small for this piece is passed over.
  auto chunk = std::find_if(chunks_.begin() + static_cast<std::ptrdiff_t>(used_chunks_), chunks_.end(),
                            [&](const page_buffer& kept) { return kept.capacity() >= bytes; });
  if (chunk == chunks_.end()) {
    const auto usual = std::clamp(capacity_bytes_, first_chunk_bytes, last_chunk_bytes);
    chunks_.emplace_back(std::max(bytes, usual));
    chunk = chunks_.end() - 1;
    capacity_bytes_ += chunk->capacity();
  }
  used_chunks_ = static_cast<std::size_t>(chunk - chunks_.begin()) + 1;
  next_ = chunk->data() + bytes;
  end_ = chunk->data() + chunk->capacity();
  return chunk->data();
}

} // namespace crema::internal
