#pragma once

#include "apps/bench/limit/threads.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

namespace crema::bench::limit {

/// An array of zeroes on huge pages; memory is resident once it is touched.
template <class T>
class huge_array {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  huge_array() = default;

  explicit huge_array(std::size_t size) : size_{size}, bytes_{(size * sizeof(T) / page + 2) * page} {
    auto* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      throw std::bad_alloc{};
    memory_ = memory;
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    rows_ = reinterpret_cast<T*>((address + page - 1) / page * page);
    madvise(memory, bytes_, MADV_HUGEPAGE);
  }

  huge_array(huge_array&& other) noexcept { swap(other); }
  huge_array& operator=(huge_array&& other) noexcept {
    huge_array{std::move(other)}.swap(*this);
    return *this;
  }
  ~huge_array() {
    if (memory_ != nullptr)
      munmap(memory_, bytes_);
  }

  T* data() { return rows_; }
  const T* data() const { return rows_; }
  T* begin() { return rows_; }
  T* end() { return rows_ + size_; }
  const T* begin() const { return rows_; }
  const T* end() const { return rows_ + size_; }
  T& operator[](std::size_t at) { return rows_[at]; }
  const T& operator[](std::size_t at) const { return rows_[at]; }
  std::size_t size() const { return size_; }

private:
  static constexpr std::size_t page = 2 << 20;

  void swap(huge_array& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(rows_, other.rows_);
    std::swap(size_, other.size_);
    std::swap(bytes_, other.bytes_);
  }

  void* memory_ = nullptr;
  T* rows_ = nullptr;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

/// `size` rows made by `source(index)` on two threads: an input, not timed.
template <class T, class Source>
huge_array<T> made_by(const Source& source, std::size_t size) {
  huge_array<T> rows{size};
  on_threads(2, [&](unsigned t) {
    for (auto [at, end] = share(size, t, 2); at < end; ++at)
      rows[at] = source(at);
  });
  return rows;
}

} // namespace crema::bench::limit
