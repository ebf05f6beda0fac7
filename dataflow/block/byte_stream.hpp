#pragma once

#include "dataflow/block/page_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace crema::internal {

/// A contiguous buffer that grows at its end.
///
///     byte_writer out;
///     codec<std::string>::encode("word", out);
///     file.append(out.bytes());
///     out.clear(); // keeps the memory
///
/// Growing doubles; memory comes from `page_buffer`. Not thread-safe. Throws std::bad_alloc.
class byte_writer {
public:
  byte_writer() = default;
  byte_writer(byte_writer&& other) noexcept : buffer_{std::move(other.buffer_)}, size_{std::exchange(other.size_, 0)} {}
  byte_writer& operator=(byte_writer&& other) noexcept {
    buffer_ = std::move(other.buffer_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  /// Appends `n` bytes.
  void put(const void* from, std::size_t n) {
    if (n > buffer_.capacity() - size_) [[unlikely]]
      grow(n);
    if (n != 0)
      std::memcpy(buffer_.data() + size_, from, n);
    size_ += n;
  }

  void put_byte(std::uint8_t byte) { put(&byte, 1); }

  /// Appends a number in base 128, least significant group first: 1 byte below 128, at most 10.
  void varint(std::uint64_t value) {
    if (value < 0x80) [[likely]]
      put_byte(static_cast<std::uint8_t>(value));
    else
      long_varint(value);
  }

  /// Overwrites `n` bytes at `offset`, all of which must have been written.
  void patch(std::size_t offset, const void* from, std::size_t n) { std::memcpy(buffer_.data() + offset, from, n); }

  /// What was written; valid until the next change.
  std::span<const std::byte> bytes() const noexcept { return {buffer_.data(), size_}; }
  std::size_t size() const noexcept { return size_; }

  /// Drops everything after the first `size` bytes.
  void truncate(std::size_t size) noexcept { size_ = size < size_ ? size : size_; }
  void clear() noexcept { size_ = 0; }

  /// Makes room for `n` more bytes.
  void reserve(std::size_t n) {
    if (n > buffer_.capacity() - size_)
      grow(n);
  }

  /// The archive of the batch that is being written, or null. Only boost_codec.hpp knows its type.
  void* archive() const noexcept { return archive_; }
  void use_archive(void* archive) noexcept { archive_ = archive; }

private:
  void grow(std::size_t n);
  void long_varint(std::uint64_t value);

  page_buffer buffer_;
  std::size_t size_ = 0;
  void* archive_ = nullptr;
};

/// Reads what a byte_writer wrote, from bytes that may be anything: every read is checked, and what is not there or not
/// possible throws `error{errc::corrupt_data}` with the offset. The bytes must outlive the reader. Copies are cheap.
class byte_reader {
public:
  explicit byte_reader(std::span<const std::byte> bytes) noexcept
      : begin_{bytes.data()}, next_{bytes.data()}, end_{bytes.data() + bytes.size()} {}

  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - next_); }

  /// Bytes read so far.
  std::size_t offset() const noexcept { return static_cast<std::size_t>(next_ - begin_); }

  /// The next `n` bytes, in place.
  std::span<const std::byte> take(std::size_t n) {
    if (n > remaining()) [[unlikely]]
      fail_short(n);
    const std::span<const std::byte> taken{next_, n};
    next_ += n;
    return taken;
  }

  /// Copies the next `n` bytes.
  void copy(void* into, std::size_t n) {
    const auto from = take(n);
    if (n != 0)
      std::memcpy(into, from.data(), n);
  }

  std::uint8_t byte() { return std::to_integer<std::uint8_t>(take(1)[0]); }

  std::uint64_t varint() {
    if (remaining() != 0 && std::to_integer<std::uint8_t>(*next_) < 0x80) [[likely]]
      return byte();
    return long_varint();
  }

  /// A count of elements that take at least `element_bytes` (not 0) each: never more than the remaining bytes can hold.
  std::size_t count(std::size_t element_bytes) {
    const auto n = varint();
    if (n > remaining() / element_bytes) [[unlikely]]
      fail_count(n);
    return static_cast<std::size_t>(n);
  }

  /// How many of `n` elements of `element_bytes` in memory to make room for at once: all where their number is
  /// credible, else so few that the room stays below 16 times the remaining bytes.
  std::size_t credible(std::size_t n, std::size_t element_bytes) const noexcept {
    const auto limit = 1 + remaining() * 16 / element_bytes;
    return n < limit ? n : limit;
  }

  /// Throws errc::corrupt_data: `what`, and where.
  [[noreturn]] void fail(const char* what) const;

  /// The archive of the batch that is being read, or null. Only boost_codec.hpp knows its type.
  void* archive() const noexcept { return archive_; }
  void use_archive(void* archive) noexcept { archive_ = archive; }

private:
  std::uint64_t long_varint();
  [[noreturn]] void fail_short(std::size_t wanted) const;
  [[noreturn]] void fail_count(std::uint64_t n) const;

  const std::byte* begin_;
  const std::byte* next_;
  const std::byte* end_;
  void* archive_ = nullptr;
};

} // namespace crema::internal
