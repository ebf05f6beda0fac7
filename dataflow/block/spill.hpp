#pragma once

#include "dataflow/block/page_buffer.hpp"
#include "dataflow/block/spill_directory.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

namespace crema::internal {

class spill_file;

/// A frame on disk: what `spill_store::write` gives. Movable; its end gives the space back.
class spilled_frame {
public:
  spilled_frame() noexcept = default;
  spilled_frame(spilled_frame&&) noexcept = default;
  spilled_frame& operator=(spilled_frame&& other) noexcept {
    spilled_frame old{std::move(*this)};
    file_ = std::move(other.file_);
    offset_ = other.offset_;
    checksum_ = other.checksum_;
    stored_ = other.stored_;
    length_ = other.length_;
    return *this;
  }
  ~spilled_frame();

  explicit operator bool() const noexcept { return file_ != nullptr; }

  /// The bytes that were written, as a view of `storage`, which is replaced where it is too small. Thread-safe.
  std::span<const std::byte> read(page_buffer& storage) const;

  /// Bytes on disk: compressed, where that made them fewer.
  std::size_t bytes() const noexcept { return stored_; }

private:
  friend class spill_store;

  std::shared_ptr<spill_file> file_;
  std::uint64_t offset_ = 0;
  std::uint64_t checksum_ = 0;
  std::uint32_t stored_ = 0;
  std::uint32_t length_ = 0;
};

/// Byte frames on disk, for all who share a memory budget.
///
///     spill_store store{open_spill_directory()};
///     const auto kept = store.write(bytes);
///     page_buffer storage;
///     use(kept.read(storage));
///
/// Frames are compressed (lz4) and checksummed (XXH3). All of them are in one file, however many queues and runs they
/// belong to: the file has no name, is opened by the first frame and closed with the last, and a frame's space goes
/// back to the disk with the frame (where the file system can make holes, else with the file). What is read is what was
/// written, or errc::corrupt_data names path and offset. A full disk, a quota or a file size limit throws
/// errc::disk_full with path, need and free space (ignore SIGXFSZ where a file size limit is set), other failures
/// errc::io_failure; the store can be used on. Nothing is ever synced. Thread-safe, and threads write side by side.
/// Memory: as much again as the frame while it is written or read.
class spill_store {
public:
  /// The longest frame.
  static constexpr std::size_t max_frame = std::size_t{1} << 30;

  explicit spill_store(std::shared_ptr<spill_directory> directory) : directory_{std::move(directory)} {}

  /// Writes one frame, possibly empty. Throws errc::invalid_argument for one above `max_frame`.
  spilled_frame write(std::span<const std::byte> frame);

  /// The descriptor, for tests and tools that look at the bytes; -1 while nothing is on disk.
  int native_handle() const;

private:
  std::shared_ptr<spill_file> open();

  const std::shared_ptr<spill_directory> directory_;
  mutable std::mutex mutex_;
  std::weak_ptr<spill_file> current_;
};

} // namespace crema::internal
