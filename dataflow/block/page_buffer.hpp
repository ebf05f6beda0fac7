#pragma once

#include <cstddef>

namespace crema::internal {

/// The bytes of a huge page.
inline constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Raw memory for blocks, tables and sort runs: the only owner of at least the asked-for number of uninitialised bytes.
///
///     page_buffer buffer{256 << 10};
///     std::memcpy(buffer.data(), bytes, n);
///
/// Writing a page that is fresh from the system costs several times a memcpy of its size, so freed buffers are kept
/// and handed out again, contents and all, process-wide and by any thread. From 64 KiB on they lie on huge pages where
/// the system has them, smaller ones than 2 MiB side by side. Aligned to 64 bytes; from 2 MiB on to 2 MiB. Capacities
/// are 1, 1.25, 1.5 or 1.75 times a power of two, so at most a fifth of a buffer lies idle; below 4 KiB they are
/// multiples of 64 bytes and not recycled.
///
/// Making and destroying are thread-safe (a short lock shared by an eighth of the threads); an object is not.
/// Throws std::bad_alloc. Kept memory is of no `memory_budget`: bound it with `limit_page_buffers`.
class page_buffer {
public:
  page_buffer() noexcept = default;

  /// At least `bytes` bytes; none, and a null `data()`, for 0.
  explicit page_buffer(std::size_t bytes);

  page_buffer(page_buffer&& other) noexcept : data_{other.data_}, capacity_{other.capacity_} {
    other.data_ = nullptr;
    other.capacity_ = 0;
  }

  page_buffer& operator=(page_buffer&& other) noexcept {
    if (this != &other) {
      release();
      data_ = other.data_;
      capacity_ = other.capacity_;
      other.data_ = nullptr;
      other.capacity_ = 0;
    }
    return *this;
  }

  ~page_buffer() { release(); }

  std::byte* data() const noexcept { return data_; }

  /// The bytes that may be used: what was asked for, rounded up.
  std::size_t capacity() const noexcept { return capacity_; }

private:
  void release() noexcept;

  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0;
};

/// The capacity of a `page_buffer{bytes}`: ask for this much when growing and nothing is wasted.
std::size_t page_buffer_capacity(std::size_t bytes) noexcept;

/// Keeps at most `bytes` of freed buffers from now on (256 MiB unless told otherwise; 0 keeps none, which is the
/// default under AddressSanitizer so that it sees what is used after its end). Kept buffers beyond it are given back.
void limit_page_buffers(std::size_t bytes) noexcept;

/// The bytes of freed buffers that may be kept.
std::size_t page_buffer_limit() noexcept;

/// The bytes of freed buffers that are kept now.
std::size_t kept_page_bytes() noexcept;

/// Gives all kept buffers back to the system.
void trim_page_buffers() noexcept;

} // namespace crema::internal
