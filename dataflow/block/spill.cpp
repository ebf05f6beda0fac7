#include "dataflow/block/spill.hpp"

#include "dataflow/error.hpp"
#include "dataflow/fault_point.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <lz4.h>
#include <string>
#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

namespace crema::internal {

namespace {

constexpr std::size_t worth_compressing = 64;

/// File systems free whole blocks, so a frame begins at one.
constexpr std::uint64_t file_block = 4096;
constexpr std::uint64_t whole_blocks(std::uint64_t bytes) {
  return (bytes + file_block - 1) / file_block * file_block;
}

/// From here on frames go to another file: files have a largest size, and offsets only grow.
constexpr std::uint64_t long_file = std::uint64_t{64} << 30;

std::string free_space(int fd) {
  struct statvfs status;
  if (::fstatvfs(fd, &status) != 0)
    return "an unknown number of";
  return std::to_string(std::uint64_t{status.f_bavail} * status.f_frsize);
}

/// The frame in the form in which it is stored: compressed into `room` where that makes it shorter.
std::span<const std::byte> compressed(std::span<const std::byte> frame, page_buffer& room) {
  if (frame.size() < worth_compressing)
    return frame;
  room = page_buffer{frame.size()};
  const auto size =
    LZ4_compress_default(reinterpret_cast<const char*>(frame.data()), reinterpret_cast<char*>(room.data()),
                         static_cast<int>(frame.size()), static_cast<int>(frame.size()) - 1);
  return size <= 0 ? frame : std::span<const std::byte>{room.data(), static_cast<std::size_t>(size)};
}

} // namespace

/// A file without a name. It lives as long as a frame of it does.
class spill_file {
public:
  explicit spill_file(std::shared_ptr<spill_directory> directory)
      : directory_{std::move(directory)}, fd_{directory_->create_file()} {}
  spill_file(const spill_file&) = delete;
  spill_file& operator=(const spill_file&) = delete;
  ~spill_file() { ::close(fd_); }

  bool is_long() const noexcept { return end_.load(std::memory_order_relaxed) >= long_file; }

  /// Room for `bytes` bytes; where it begins.
  std::uint64_t reserve(std::size_t bytes) noexcept {
    return end_.fetch_add(whole_blocks(bytes), std::memory_order_relaxed);
  }

  void write(std::span<const std::byte> bytes, std::uint64_t offset) {
    for (std::size_t done = 0; done < bytes.size();) {
      const auto n = fails_here("spill.write")
                       ? -1
                       : ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        fail_write(n == 0 ? ENOSPC : errno, bytes.size() - done, offset + done);
      done += static_cast<std::size_t>(n);
    }
    directory_->note_written(bytes.size());
  }

  void read(std::byte* into, std::size_t bytes, std::uint64_t offset) const {
    for (std::size_t done = 0; done < bytes;) {
      const auto n =
        fails_here("spill.read") ? -1 : ::pread(fd_, into + done, bytes - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        throw error{errc::io_failure, "reading a spill file in " + directory_->path() + " at offset "
                                        + std::to_string(offset + done) + ": " + std::strerror(errno)};
      if (n == 0)
        corrupt(offset, "the file is shorter than what was written");
      done += static_cast<std::size_t>(n);
    }
  }

  /// Gives the space back, if the file system can do that; else it is free when the file is.
  void free(std::uint64_t offset, std::size_t bytes) noexcept {
    [[maybe_unused]] const auto freed =
      ::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                  static_cast<off_t>(whole_blocks(bytes)));
  }

  [[noreturn]] void corrupt(std::uint64_t offset, const std::string& what) const {
    throw error{errc::corrupt_data, "a spill file in " + directory_->path() + ", the frame at offset "
                                      + std::to_string(offset) + ": " + what + "; the disk or its memory is faulty"};
  }

  int descriptor() const noexcept { return fd_; }

private:
  [[noreturn]] void fail_write(int problem, std::size_t need, std::uint64_t at) const {
    const auto path = directory_->path();
    // EFBIG is a limit on the size of files (ulimit -f): another kind of quota.
    if (problem == ENOSPC || problem == EDQUOT || problem == EFBIG)
      throw error{errc::disk_full, "spilling to " + path + ": " + std::strerror(problem) + ": need "
                                     + std::to_string(need) + " bytes more for a file of " + std::to_string(at)
                                     + ", and " + free_space(fd_)
                                     + " bytes are free; free space, set another spill directory or raise the memory "
                                       "limit"};
    throw error{errc::io_failure, "writing " + std::to_string(need) + " bytes to a spill file in " + path + ": "
                                    + std::strerror(problem)};
  }

  const std::shared_ptr<spill_directory> directory_;
  const int fd_;
  std::atomic<std::uint64_t> end_{0};
};

spilled_frame::~spilled_frame() {
  if (file_ && stored_ != 0)
    file_->free(offset_, stored_);
}

std::span<const std::byte> spilled_frame::read(page_buffer& storage) const {
  const auto wanted = [](page_buffer& buffer, std::size_t bytes) {
    if (buffer.capacity() < bytes) {
      buffer = {}; // first, so that only one of the two is held
      buffer = page_buffer{bytes};
    }
    return buffer.data();
  };
  page_buffer scratch;
  auto* const bytes = wanted(stored_ == length_ ? storage : scratch, stored_);
  file_->read(bytes, stored_, offset_);
  if (XXH3_64bits(bytes, stored_) != checksum_)
    file_->corrupt(offset_, "the checksum differs");
  if (stored_ == length_)
    return {bytes, length_};
  auto* const raw = wanted(storage, length_);
  const auto got = LZ4_decompress_safe(reinterpret_cast<const char*>(bytes), reinterpret_cast<char*>(raw),
                                       static_cast<int>(stored_), static_cast<int>(length_));
  if (got != static_cast<int>(length_))
    file_->corrupt(offset_, "the content does not unpack");
  return {raw, length_};
}

spilled_frame spill_store::write(std::span<const std::byte> frame) {
  if (frame.size() > max_frame)
    throw error{errc::invalid_argument, "a spilled frame of " + std::to_string(frame.size()) + " bytes; the longest is "
                                          + std::to_string(max_frame) + ": split it"};
  page_buffer room;
  const auto content = compressed(frame, room);
  spilled_frame made;
  made.file_ = open();
  made.checksum_ = XXH3_64bits(content.data(), content.size());
  made.stored_ = static_cast<std::uint32_t>(content.size());
  made.length_ = static_cast<std::uint32_t>(frame.size());
  made.offset_ = made.file_->reserve(content.size());
  made.file_->write(content, made.offset_);
  return made;
}

int spill_store::native_handle() const {
  const std::lock_guard guard{mutex_};
  const auto file = current_.lock();
  return file ? file->descriptor() : -1;
}

std::shared_ptr<spill_file> spill_store::open() {
  const std::lock_guard guard{mutex_};
  auto file = current_.lock();
  if (!file || file->is_long()) {
    file = std::make_shared<spill_file>(directory_);
    current_ = file;
  }
  return file;
}

} // namespace crema::internal
