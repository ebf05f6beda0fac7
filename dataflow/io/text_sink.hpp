#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace crema::internal {

/// One attempt at the file of one partition. Not thread-safe. An attempt that is not committed removes its file.
class part_writer {
public:
  /// Takes over `fd`, open for writing at `path`.
  part_writer(int fd, std::string path, int partition);
  ~part_writer();
  part_writer(const part_writer&) = delete;
  part_writer& operator=(const part_writer&) = delete;

  /// Appends `line` and '\n'. A line that itself holds a line break is read back as several: that is the caller's
  /// business. Errors: disk_full, io_failure.
  void write(std::string_view line) {
    if (line.size() < capacity - used_) {
      std::memcpy(buffer_.get() + used_, line.data(), line.size());
      used_ += line.size();
      buffer_[used_++] = '\n';
    } else {
      write_across(line);
    }
  }

  /// Bytes taken so far, line ends included.
  std::uint64_t bytes() const noexcept { return flushed_ + used_; }

private:
  friend class text_output;
  static constexpr std::size_t capacity = std::size_t{1} << 18;

  void write_across(std::string_view line);
  void flush();
  void put(const char* data, std::size_t size);
  void close();

  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  std::uint64_t flushed_ = 0;
  int fd_;
  std::string path_; // empty once the file is no longer ours to remove
  int partition_;
};

/// The directory that `save_as_text_file` writes: `part-00000`, `part-00001`, … and an empty `_SUCCESS`.
///
///     text_output output{"file:///data/counts"};
///     auto part = output.open_part(3, 0);          // in tasks, on any thread
///     part->write("crema\t42");
///     output.commit_part(std::move(part));         // this attempt is part-00003
///     output.commit(4);                            // once, when all four are committed
///
/// Parts are written in a hidden sibling `_temporary-<name>-<unique>`, which no pattern for inputs matches. `commit`
/// adds `_SUCCESS` as the very last file and then renames the whole directory, so whoever looks at the target sees
/// nothing or everything. A process that dies leaves the hidden directory, never a part of the target. Nothing is
/// fsynced: a power failure may lose a commit.
///
/// Errors: already_exists, disk_full (path, need and free space), io_failure, unsupported (scheme), cancelled (used
/// after commit or abort), internal. All members may be called from several threads at once.
class text_output {
public:
  /// Makes the hidden directory, and the target's parents where they lack. An existing target is already_exists.
  explicit text_output(std::string_view uri);

  /// Takes part in an output of another process, whose `path` and `temporary` these are: opens and commits parts, and
  /// leaves the rest to that process.
  text_output(std::string path, std::string temporary);

  /// Aborts unless committed, or of another process.
  ~text_output();
  text_output(const text_output&) = delete;
  text_output& operator=(const text_output&) = delete;

  /// A file for one attempt; attempts at one partition may run side by side, even under equal numbers.
  std::unique_ptr<part_writer> open_part(int partition, int attempt);

  /// Makes the attempt the partition's part, in the place of an earlier one: that of a worker which was lost before
  /// anybody knew.
  void commit_part(std::unique_ptr<part_writer> part);

  /// Publishes parts 0 … `partitions` - 1; `internal` if one is missing. A target that appeared meanwhile is
  /// already_exists and stays as it is.
  void commit(int partitions);

  /// Removes everything this output made. Does nothing after a commit.
  void abort() noexcept;

  /// The target as a path, and the hidden directory.
  const std::string& path() const noexcept;
  const std::string& temporary() const noexcept;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace crema::internal
