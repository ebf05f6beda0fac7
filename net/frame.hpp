#pragma once

#include "dataflow/block/page_buffer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace crema::net {

/// The bytes before a frame's payload; docs/wire.md draws them.
inline constexpr std::size_t frame_header_bytes = 8;

/// The longest payload at all, and of a peer that has not said hello yet.
inline constexpr std::size_t max_frame_bytes = std::size_t{1} << 30;
inline constexpr std::size_t max_unproven_frame_bytes = 4096;

/// The header of a frame; `length` is at most max_frame_bytes.
std::array<std::byte, frame_header_bytes> frame_header(std::uint16_t kind, std::size_t length) noexcept;

/// What one side sent at once: a number that says what it is, and bytes.
class frame {
public:
  frame() = default;
  frame(std::uint16_t kind, std::size_t size) : kind_{kind}, storage_{size}, size_{size} {}

  std::uint16_t kind() const noexcept { return kind_; }
  std::span<std::byte> payload() noexcept { return {storage_.data(), size_}; }
  std::span<const std::byte> payload() const noexcept { return {storage_.data(), size_}; }

private:
  std::uint16_t kind_ = 0;
  internal::page_buffer storage_;
  std::size_t size_ = 0;
};

/// Cuts a stream of bytes, which may be anything, into frames.
///
///     frame_parser parser;
///     parser.filled(read(fd, parser.room()));
///     while (auto next = parser.next())
///       handle(*std::move(next));
///
/// The rest of a long payload is read to where it stays. Until `trust_peer` frames are short and everything held is at
/// most 16 KiB; no memory is taken for a frame that is not allowed. Throws corrupt_data for a header that no crema
/// writes, and for a length beyond the limit with both numbers; the stream is of no use then. Not thread-safe.
class frame_parser {
public:
  /// Where the next bytes of the stream shall be put: good until the next call, not empty once `next` found nothing.
  std::span<std::byte> room();

  /// The first `n` bytes there have come.
  void filled(std::size_t n) noexcept;

  /// The next frame, where all of it has come.
  std::optional<frame> next();

  /// From here on frames may be as long as any.
  void trust_peer() noexcept { limit_ = max_frame_bytes; }

  /// Bytes of memory held.
  std::size_t held() const noexcept;

private:
  bool begin_frame();

  static constexpr std::size_t staging_bytes = 8192;

  std::size_t limit_ = max_unproven_frame_bytes;
  std::array<std::byte, staging_bytes> staging_; // bytes that belong to no known frame yet, and short frames
  std::size_t staged_begin_ = 0;
  std::size_t staged_end_ = 0;
  std::optional<frame> current_; // its header has come
  std::size_t current_filled_ = 0;
};

} // namespace crema::net
