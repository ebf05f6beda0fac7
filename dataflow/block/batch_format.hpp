#pragma once

#include "dataflow/block/byte_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace crema::internal {

/// What the payload of a batch is.
enum class batch_kind : std::uint8_t {
  packed = 0,   ///< records as in memory
  fields = 1,   ///< records one after the other, field by field
  archived = 2, ///< an archive's length, fields, and the archive
  single = 3,   ///< one thing of crema's own: a plan, a shared variable
};

inline constexpr std::size_t batch_header_size = 32;

/// Writes an unfinished header; returns where.
std::size_t begin_batch(byte_writer& out, batch_kind kind, std::size_t count);

/// Completes the header at `start`.
void end_batch(byte_writer& out, std::size_t start);

/// Adds the archive to the batch at `start`, before its end.
void put_archive(byte_writer& out, std::size_t start, std::span<const std::byte> archive);

struct batch_view {
  std::size_t count;
  byte_reader payload; ///< without the archive and its length
  std::span<const std::byte> archive;
};

/// Checks the next batch, which must be of `kind`, and moves `in` behind it. Every record takes at least
/// `record_bytes`, and packed ones exactly so much.
batch_view open_batch(byte_reader& in, batch_kind kind, std::size_t record_bytes);

/// Takes back what a failed encoding wrote.
class batch_guard {
public:
  explicit batch_guard(byte_writer& out) noexcept : out_{out}, size_{out.size()} {}
  batch_guard(const batch_guard&) = delete;
  batch_guard& operator=(const batch_guard&) = delete;
  ~batch_guard() {
    out_.use_archive(nullptr);
    if (!kept_)
      out_.truncate(size_);
  }
  void keep() noexcept { kept_ = true; }

private:
  byte_writer& out_;
  std::size_t size_;
  bool kept_ = false;
};

} // namespace crema::internal
