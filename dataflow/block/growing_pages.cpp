#include "dataflow/block/growing_pages.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <utility>

namespace crema::internal {

namespace {

std::size_t whole_huge_pages(std::size_t bytes) {
  return (bytes + huge_page - 1) / huge_page * huge_page;
}

// Aligned to a huge page, because only then the system backs it with huge pages and moves them as such.
std::byte* map_aligned(std::size_t bytes) {
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* const wide = mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (wide == MAP_FAILED)
    throw std::bad_alloc{};
  auto* const first = static_cast<std::byte*>(wide);
  const std::size_t skew =
    whole_huge_pages(reinterpret_cast<std::uintptr_t>(first)) - reinterpret_cast<std::uintptr_t>(first);
  if (skew != 0)
    munmap(first, skew);
  if (skew != huge_page)
    munmap(first + skew + bytes, huge_page - skew);
  return first + skew;
}

} // namespace

growing_pages::~growing_pages() {
  if (capacity_ >= huge_page)
    munmap(data_, capacity_);
}

void growing_pages::grow(std::size_t bytes) {
  if (bytes <= capacity_)
    return;
  const std::size_t wanted = std::max({bytes, capacity_ * 2, std::size_t{256}});
  if (wanted < huge_page) {
    page_buffer larger{wanted};
    if (capacity_ != 0)
      std::memcpy(larger.data(), data_, capacity_);
    small_ = std::move(larger);
    data_ = small_.data();
    capacity_ = small_.capacity();
    return;
  }
  const std::size_t room = whole_huge_pages(wanted);
  std::byte* const larger = map_aligned(room);
  if (capacity_ >= huge_page) {
    if (mremap(data_, capacity_, room, MREMAP_MAYMOVE | MREMAP_FIXED, larger) == MAP_FAILED) {
      munmap(larger, room);
      throw std::bad_alloc{};
    }
  } else {
    madvise(larger, room, MADV_HUGEPAGE);
    if (capacity_ != 0)
      std::memcpy(larger, data_, capacity_);
    small_ = {};
  }
  data_ = larger;
  capacity_ = room;
}

void growing_pages::discard_before(std::size_t bytes) noexcept {
  const std::size_t end = capacity_ < huge_page ? 0 : std::min(bytes, capacity_) / huge_page * huge_page;
  if (end > discarded_)
    madvise(data_ + discarded_, end - discarded_, MADV_DONTNEED);
  discarded_ = end;
}

} // namespace crema::internal
