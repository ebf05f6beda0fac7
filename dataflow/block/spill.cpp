#include "dataflow/block/spill.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <lz4.h>
#include <random>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>
#include <xxhash.h>

namespace crema::internal {

namespace {

// A file is a sequence of chunks without gaps. A frame is one chunk, or several of 65,472 raw bytes each but the last,
// so that writer and reader need only small buffers whatever a frame's length. All numbers are in this machine's byte
// order: no other process reads them.
//
//      0               8           12          16              24          28          32
//     +---------------+-----------+-----------+---------------+-----------+-----------+---------------+
//     | checksum      | magic     | stored    | frame         | length    | position  | stored bytes  |
//     |               | + version |           |               |           |           |               |
//     +---------------+-----------+-----------+---------------+-----------+-----------+---------------+
//
//     checksum   XXH3-64 of all that follows, seeded with the chunk's offset plus a random number of this file: a chunk
//                that was moved, exchanged with its like, or left over from another file does not match
//     stored     the content's length here; as long as the raw content: kept as it is, shorter: one lz4 block
//     frame      the frame's number in this file
//     length     the whole frame's raw length
//     position   where in the frame this chunk's raw content begins
constexpr std::uint32_t magic = 0x31'50'53'63; // "cSP1"

struct chunk_header {
  std::uint64_t checksum;
  std::uint32_t magic;
  std::uint32_t stored;
  std::uint64_t frame;
  std::uint32_t length;
  std::uint32_t position;
};
static_assert(sizeof(chunk_header) == 32);

constexpr std::size_t header_bytes = sizeof(chunk_header);
constexpr std::size_t checksum_bytes = sizeof(std::uint64_t);
constexpr std::size_t max_chunk = spill_file::min_read_buffer - header_bytes; // raw bytes of one chunk
constexpr std::size_t write_buffer = std::size_t{256} << 10;
constexpr std::size_t worth_compressing = 64;

std::uint64_t checksum_of(const std::byte* chunk, std::size_t stored, std::uint64_t seed) {
  return XXH3_64bits_withSeed(chunk + checksum_bytes, header_bytes - checksum_bytes + stored, seed);
}

/// Raw bytes of the chunk at `position` of a frame of `length`.
std::size_t raw_of(std::size_t length, std::size_t position) {
  return std::min(length - position, max_chunk);
}

std::uint64_t random_salt() {
  static std::atomic<std::uint64_t> next{std::uint64_t{std::random_device{}()} << 32 | std::random_device{}()};
  return next.fetch_add(0x9E37'79B9'7F4A'7C15, std::memory_order_relaxed);
}

std::string free_space(int fd) {
  struct statvfs status;
  if (::fstatvfs(fd, &status) != 0)
    return "an unknown number of";
  return std::to_string(std::uint64_t{status.f_bavail} * status.f_frsize);
}

} // namespace

spill_file::spill_file(std::shared_ptr<spill_directory> directory)
    : directory_{std::move(directory)}, salt_{random_salt()} {}

spill_file::~spill_file() {
  if (fd_ >= 0)
    ::close(fd_);
}

std::uint64_t spill_file::append(std::span<const std::byte> frame) {
  if (frame.size() > max_frame)
    throw error{errc::invalid_argument, "a spilled frame of " + std::to_string(frame.size()) + " bytes; the longest is "
                                          + std::to_string(max_frame) + ": split it"};
  if (finished_ || failed_)
    throw error{errc::internal, "append to a spill file that is finished or has failed"};
  const auto offset = bytes();
  failed_ = true; // until the whole frame is in
  std::size_t position = 0;
  do {
    append_chunk(frame, position);
    position += max_chunk;
  } while (position < frame.size());
  failed_ = false;
  ++frames_;
  raw_bytes_ += frame.size();
  return offset;
}

void spill_file::append_chunk(std::span<const std::byte> frame, std::size_t position) {
  const auto raw = raw_of(frame.size(), position);
  if (buffer_.data() == nullptr)
    buffer_ = page_buffer{write_buffer};
  if (filled_ + header_bytes + raw > buffer_.capacity())
    flush();
  auto* const chunk = buffer_.data() + filled_;
  auto* const content = chunk + header_bytes;
  const auto* const source = frame.data() + position;
  int packed = 0;
  if (raw >= worth_compressing)
    packed = LZ4_compress_default(reinterpret_cast<const char*>(source), reinterpret_cast<char*>(content),
                                  static_cast<int>(raw), static_cast<int>(raw) - 1);
  if (packed == 0 && raw > 0)
    std::memcpy(content, source, raw);
  const auto stored = packed > 0 ? static_cast<std::size_t>(packed) : raw;
  chunk_header header{0,
                      magic,
                      static_cast<std::uint32_t>(stored),
                      frames_,
                      static_cast<std::uint32_t>(frame.size()),
                      static_cast<std::uint32_t>(position)};
  std::memcpy(chunk, &header, header_bytes);
  header.checksum = checksum_of(chunk, stored, salt_ + bytes());
  std::memcpy(chunk, &header.checksum, checksum_bytes);
  filled_ += header_bytes + stored;
}

void spill_file::finish() {
  if (finished_)
    return;
  if (failed_)
    throw error{errc::internal, "finish of a spill file that has failed"};
  failed_ = true;
  flush();
  failed_ = false;
  finished_ = true;
  buffer_ = {};
}

void spill_file::flush() {
  if (filled_ == 0)
    return;
  if (fd_ < 0)
    fd_ = directory_->create_file();
  for (std::size_t done = 0; done < filled_;) {
    const auto n = ::pwrite(fd_, buffer_.data() + done, filled_ - done, static_cast<off_t>(written_ + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      fail_write(n == 0 ? ENOSPC : errno, filled_ - done);
    done += static_cast<std::size_t>(n);
  }
  directory_->note_written(filled_);
  written_ += filled_;
  filled_ = 0;
}

void spill_file::fail_write(int problem, std::size_t need) const {
  // EFBIG is a limit on the size of files (ulimit -f): another kind of quota.
  if (problem == ENOSPC || problem == EDQUOT || problem == EFBIG)
    throw error{errc::disk_full, "spilling to " + path() + ": " + std::strerror(problem) + ": need "
                                   + std::to_string(need) + " bytes more for a file of " + std::to_string(written_)
                                   + ", and " + free_space(fd_)
                                   + " bytes are free; free space, set another spill directory or raise the memory "
                                     "limit"};
  throw error{errc::io_failure, "writing " + std::to_string(need) + " bytes to a spill file in " + path() + ": "
                                  + std::strerror(problem)};
}

std::string spill_file::path() const {
  return directory_->path();
}

/// A chunk whose checksum matched, still in the buffer.
struct spill_file::reader::chunk {
  chunk_header header;
  const std::byte* content;
  std::uint64_t end; // offset of the chunk behind it
};

spill_file::reader::reader(std::shared_ptr<const spill_file> file, std::size_t buffer_bytes)
    : file_{std::move(file)}, buffer_bytes_{std::max(buffer_bytes, min_read_buffer)} {
  if (!file_->finished_)
    throw error{errc::internal, "reader of a spill file that is not finished"};
}

bool spill_file::reader::next(std::vector<std::byte>& frame) {
  if (at_end())
    return false;
  const auto first = read_chunk(offset_);
  if (frame.capacity() < first.header.length)
    frame.clear(); // or else growing would copy it
  frame.resize(first.header.length);
  read_frame(first, frame.data());
  return true;
}

bool spill_file::reader::next(page_buffer& storage, std::span<const std::byte>& frame) {
  if (at_end())
    return false;
  const auto first = read_chunk(offset_);
  if (storage.capacity() < first.header.length) {
    storage = {}; // first, so that only one of the two is held
    storage = page_buffer{first.header.length};
  }
  read_frame(first, storage.data());
  frame = {storage.data(), first.header.length};
  return true;
}

bool spill_file::reader::at_end() {
  if (offset_ != file_->bytes())
    return false;
  buffer_ = {};
  buffered_ = 0;
  return true;
}

void spill_file::reader::seek(std::uint64_t offset) {
  if (offset > file_->bytes())
    throw error{errc::invalid_argument, "seek to " + std::to_string(offset) + " in a spill file of "
                                          + std::to_string(file_->bytes()) + " bytes"};
  offset_ = offset;
  frame_known_ = offset == 0;
  frame_ = 0;
}

spill_file::reader::chunk spill_file::reader::read_chunk(std::uint64_t offset) {
  const auto left = file_->bytes() - offset;
  if (left < header_bytes)
    corrupt(offset, "the file ends within a header");
  chunk found{};
  std::memcpy(&found.header, fetch(offset, header_bytes), header_bytes);
  const auto& header = found.header;
  if (header.magic != magic)
    corrupt(offset, "not a header of this version");
  if (header.length > max_frame || header.position > header.length || header.position % max_chunk != 0
      || header.stored > raw_of(header.length, header.position) || header.stored > left - header_bytes)
    corrupt(offset, "a length is out of bounds");
  const auto* const bytes = fetch(offset, header_bytes + header.stored);
  if (checksum_of(bytes, header.stored, file_->salt_ + offset) != header.checksum)
    corrupt(offset, "the checksum differs");
  found.content = bytes + header_bytes;
  found.end = offset + header_bytes + header.stored;
  return found;
}

void spill_file::reader::read_frame(const chunk& first, std::byte* into) {
  const auto number = first.header.frame;
  const auto length = first.header.length;
  if (first.header.position != 0 || (frame_known_ && number != frame_))
    corrupt(offset_, "not the frame that belongs here");
  unpack(first, into);
  auto end = first.end;
  for (std::size_t position = max_chunk; position < length; position += max_chunk) {
    const auto part = read_chunk(end);
    if (part.header.frame != number || part.header.length != length || part.header.position != position)
      corrupt(end, "not the part of the frame that belongs here");
    unpack(part, into + position);
    end = part.end;
  }
  offset_ = end;
  frame_ = number + 1;
  frame_known_ = true;
}

void spill_file::reader::unpack(const chunk& part, std::byte* into) const {
  const auto raw = raw_of(part.header.length, part.header.position);
  if (part.header.stored == raw) {
    if (raw > 0)
      std::memcpy(into, part.content, raw);
    return;
  }
  const auto got = LZ4_decompress_safe(reinterpret_cast<const char*>(part.content), reinterpret_cast<char*>(into),
                                       static_cast<int>(part.header.stored), static_cast<int>(raw));
  if (got != static_cast<int>(raw))
    corrupt(part.end - part.header.stored, "the content does not unpack");
}

/// `bytes` of the file at `offset`, valid until the next call.
const std::byte* spill_file::reader::fetch(std::uint64_t offset, std::size_t bytes) {
  if (buffer_.data() == nullptr) {
    buffer_ = page_buffer{buffer_bytes_};
    buffered_ = 0;
  }
  if (offset < buffer_offset_ || offset > buffer_offset_ + buffered_)
    buffered_ = 0;
  const auto skip = buffered_ == 0 ? 0 : static_cast<std::size_t>(offset - buffer_offset_);
  if (buffered_ >= skip + bytes)
    return buffer_.data() + skip;
  buffered_ -= skip;
  std::memmove(buffer_.data(), buffer_.data() + skip, buffered_);
  buffer_offset_ = offset;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.capacity(), file_->bytes() - offset));
  while (buffered_ < wanted) {
    const auto n =
      ::pread(file_->fd_, buffer_.data() + buffered_, wanted - buffered_, static_cast<off_t>(offset + buffered_));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      throw error{errc::io_failure, "reading a spill file in " + file_->path() + " at offset " + std::to_string(offset)
                                      + ": " + std::strerror(errno)};
    if (n == 0)
      break;
    buffered_ += static_cast<std::size_t>(n);
  }
  if (buffered_ < bytes)
    corrupt(offset, "the file is shorter than what was written");
  return buffer_.data();
}

void spill_file::reader::corrupt(std::uint64_t offset, const std::string& what) const {
  const auto frame = frame_known_ ? "frame " + std::to_string(frame_) : std::string{"the frame"};
  throw error{errc::corrupt_data, "a spill file in " + file_->path() + ", " + frame + " at offset "
                                    + std::to_string(offset) + ": " + what + "; the disk or its memory is faulty"};
}

} // namespace crema::internal
