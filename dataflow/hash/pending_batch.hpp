#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace crema::internal {

/// Keys with what is to be done with them, in their order, in room for `capacity`.
template <class Probe, class Payload>
class pending_batch {
public:
  struct item {
    Probe probe;
    Payload payload;
  };
  // Enough to hide one miss behind others, few enough to stay in the first-level cache.
  static constexpr std::size_t capacity = std::clamp<std::size_t>(2048 / sizeof(item), 2, 32);

  pending_batch() = default;
  pending_batch(const pending_batch&) = delete;
  pending_batch& operator=(const pending_batch&) = delete;
  ~pending_batch() { clear(); }

  bool empty() const noexcept { return size_ == 0; }

  /// Adds one; true when that was the last one that fits.
  [[gnu::always_inline]] bool push(Probe&& probe, Payload&& payload) {
    ::new (static_cast<void*>(bytes_ + size_ * sizeof(item))) item{std::move(probe), std::move(payload)};
    return ++size_ == capacity;
  }

  item* begin() noexcept { return std::launder(reinterpret_cast<item*>(bytes_)); }
  item* end() noexcept { return begin() + size_; }

  void clear() noexcept {
    std::destroy(begin(), end());
    size_ = 0;
  }

private:
  std::size_t size_ = 0;
  alignas(item) std::byte bytes_[capacity * sizeof(item)];
};

} // namespace crema::internal
