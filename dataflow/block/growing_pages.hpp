#pragma once

#include "dataflow/block/page_buffer.hpp"

#include <cstddef>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// Uninitialised memory that grows without being copied and shrinks from its front: the key arrays of a sort, the slots
/// of a table.
///
/// Unlike a `page_buffer`, which it is below 2 MiB, it need not know its size beforehand: pages are remapped when it
/// grows, so the peak is what was written, not two or three times that. Huge pages where the system has them.
/// Not thread-safe. Throws std::bad_alloc and is unchanged then.
class growing_pages {
public:
  growing_pages() noexcept = default;
  growing_pages(growing_pages&& other) noexcept { swap(other); }
  growing_pages& operator=(growing_pages&& other) noexcept {
    growing_pages{std::move(other)}.swap(*this);
    return *this;
  }
  ~growing_pages();

  std::byte* data() const noexcept { return data_; }
  std::size_t capacity() const noexcept { return capacity_; }

  /// Makes room for at least `bytes`, keeping the contents. `data()` changes.
  void grow(std::size_t bytes);

  /// Gives the whole huge pages in front of `bytes` back to the system: they are all zeros and take no memory until
  /// they are written again.
  void discard_before(std::size_t bytes) noexcept;

private:
  void swap(growing_pages& other) noexcept {
    std::swap(small_, other.small_);
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    std::swap(discarded_, other.discarded_);
  }

  page_buffer small_;
  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t discarded_ = 0;
};

/// Values of a trivial type, appended in bulk to growing pages.
template <class U>
class growing_array {
  static_assert(std::is_trivially_copyable_v<U>);

public:
  growing_array() noexcept = default;
  growing_array(growing_array&& other) noexcept
      : pages_{std::move(other.pages_)}, size_{std::exchange(other.size_, 0)} {}
  growing_array& operator=(growing_array&& other) noexcept {
    pages_ = std::move(other.pages_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  std::size_t size() const noexcept { return size_; }
  U* data() const noexcept { return reinterpret_cast<U*>(pages_.data()); }
  U& operator[](std::size_t i) const noexcept { return data()[i]; }

  /// Room for `n` more values behind the last one; `resize` makes those that were written part of the array.
  U* room(std::size_t n) {
    if ((size_ + n) * sizeof(U) > pages_.capacity())
      pages_.grow((size_ + n) * sizeof(U));
    return data() + size_;
  }

  void resize(std::size_t size) noexcept { size_ = size; }

  void discard_before(std::size_t i) noexcept { pages_.discard_before(i * sizeof(U)); }

  /// The memory itself; the array is empty afterwards.
  growing_pages take() noexcept {
    size_ = 0;
    return std::move(pages_);
  }

private:
  growing_pages pages_;
  std::size_t size_ = 0;
};

} // namespace crema::internal
