#pragma once

#include "dataflow/block/page_buffer.hpp"
#include "dataflow/block/spill_directory.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace crema::internal {

/// Byte frames on disk: append, finish, then read back as often and from as many places as needed.
///
///     auto run = std::make_shared<spill_file>(directory);
///     for (const auto& block : sorted)
///       offsets.push_back(run->append(block.bytes()));
///     run->finish();
///     spill_file::reader reader{run};
///     while (reader.next(frame))
///       …
///
/// Frames are compressed (lz4) and checksummed (XXH3); the format is drawn in spill.cpp. What is read is what was
/// written, at the place where it was written, or errc::corrupt_data names path, frame and offset. A full disk, a quota
/// or a file size limit throws errc::disk_full with path, need and free space (ignore SIGXFSZ where a file size limit
/// is set), other failures errc::io_failure. A file that failed to write takes nothing more.
///
/// The file has no name and is gone with the object, whatever happens. It exists on disk, and costs a descriptor, from
/// the first 256 KiB on or else from `finish`. Nothing is ever synced. Writing is for one thread; after `finish`
/// everything const is thread-safe. Memory: 256 KiB while writing.
class spill_file {
public:
  /// The longest frame.
  static constexpr std::size_t max_frame = std::size_t{64} << 20;

  /// What a reader buffers unless told otherwise; and the least that it can do with.
  static constexpr std::size_t default_read_buffer = std::size_t{256} << 10;
  static constexpr std::size_t min_read_buffer = std::size_t{64} << 10;

  explicit spill_file(std::shared_ptr<spill_directory> directory);
  ~spill_file();

  spill_file(const spill_file&) = delete;
  spill_file& operator=(const spill_file&) = delete;

  /// Adds one frame (possibly empty) and returns its offset, good for `reader::seek`. Throws errc::invalid_argument for
  /// a frame above `max_frame`.
  std::uint64_t append(std::span<const std::byte> frame);

  /// Writes what is buffered; no append after it. A second call does nothing.
  void finish();

  std::uint64_t frames() const noexcept { return frames_; }

  /// Bytes of the file, headers included and compressed.
  std::uint64_t bytes() const noexcept { return written_ + filled_; }

  /// Bytes of the frames as given.
  std::uint64_t raw_bytes() const noexcept { return raw_bytes_; }

  /// The descriptor, for tests and tools that look at the bytes; -1 while nothing is on disk.
  int native_handle() const noexcept { return fd_; }

  class reader;

private:
  void append_chunk(std::span<const std::byte> frame, std::size_t position);
  void flush();
  [[noreturn]] void fail_write(int error, std::size_t need) const;
  std::string path() const;

  std::shared_ptr<spill_directory> directory_;
  std::uint64_t salt_; // tells this file's chunks from another's
  page_buffer buffer_;
  std::size_t filled_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t raw_bytes_ = 0;
  int fd_ = -1;
  bool finished_ = false;
  bool failed_ = false;
};

/// A position in a finished file. Several may read one file at once, each on a thread of its own. Memory:
/// `buffer_bytes`, from the first `next` until the end of the file or the reader.
class spill_file::reader {
public:
  explicit reader(std::shared_ptr<const spill_file> file, std::size_t buffer_bytes = default_read_buffer);

  /// The next frame, or false at the end of the file. After an exception the position is that of the broken frame.
  bool next(std::vector<std::byte>& frame);

  /// The same without clearing memory first: `frame` views `storage`, which is replaced where it is too small.
  bool next(page_buffer& storage, std::span<const std::byte>& frame);

  /// Goes to a frame by what `append` returned, or to the end by `bytes()`.
  void seek(std::uint64_t offset);

  /// The offset of the frame that comes next.
  std::uint64_t offset() const noexcept { return offset_; }

private:
  struct chunk;

  bool at_end();
  chunk read_chunk(std::uint64_t offset);
  void read_frame(const chunk& first, std::byte* into);
  void unpack(const chunk& part, std::byte* into) const;
  const std::byte* fetch(std::uint64_t offset, std::size_t bytes);
  [[noreturn]] void corrupt(std::uint64_t offset, const std::string& what) const;

  std::shared_ptr<const spill_file> file_;
  std::size_t buffer_bytes_;
  page_buffer buffer_;
  std::uint64_t buffer_offset_ = 0; // of the first buffered byte in the file
  std::size_t buffered_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t frame_ = 0; // the next frame's number
  bool frame_known_ = true; // not after a seek, until a frame says its own
};

} // namespace crema::internal
