#pragma once

#include "dataflow/block/page_buffer.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace crema::internal {

/// A power of two of slots, empty where all bytes are zero, for linear probing: the high bits of a hash say where to
/// begin.
template <class Slot>
class slot_array {
  static_assert(std::is_trivially_copyable_v<Slot>);

public:
  slot_array() noexcept = default;

  /// `capacity` empty slots; a power of two and at least 2.
  explicit slot_array(std::size_t capacity)
      : buffer_{capacity * sizeof(Slot)},
        mask_{capacity - 1},
        shift_{64 - static_cast<unsigned>(std::countr_zero(capacity))} {
    zero();
  }

  void zero() noexcept {
    if (buffer_.data() != nullptr)
      std::memset(buffer_.data(), 0, capacity() * sizeof(Slot));
  }

  std::size_t capacity() const noexcept { return mask_ + 1; }
  std::size_t bytes() const noexcept { return buffer_.capacity(); }

  std::size_t home(std::uint64_t hash) const noexcept { return hash >> shift_; }
  std::size_t next(std::size_t at) const noexcept { return (at + 1) & mask_; }
  Slot& operator[](std::size_t at) const noexcept { return reinterpret_cast<Slot*>(buffer_.data())[at]; }
  Slot* begin() const noexcept { return reinterpret_cast<Slot*>(buffer_.data()); }
  Slot* end() const noexcept { return buffer_.data() == nullptr ? nullptr : begin() + capacity(); }

private:
  page_buffer buffer_;
  std::size_t mask_ = 0;
  unsigned shift_ = 63;
};

} // namespace crema::internal
