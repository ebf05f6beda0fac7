#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

namespace crema::internal {

/// A private place on disk for what does not fit in memory.
///
///     auto directory = open_spill_directory(config.spill_directory);
///     spill_file run{directory};
///
/// The directory is made when the first file needs it, mode 0700, below `base` as
/// `crema-spill-<uid>-<pid>-<start time of the process>-<random>`, and removed by the destructor. An empty base is the
/// first of $TMPDIR, /var/tmp and /tmp that works. Files have no name, so a process that is killed leaves at most an
/// empty directory, which `sweep` removes later. A directory that a cleaner of temporary files took away is made anew.
/// Thread-safe.
class spill_directory {
public:
  explicit spill_directory(std::string base);
  ~spill_directory();

  spill_directory(const spill_directory&) = delete;
  spill_directory& operator=(const spill_directory&) = delete;

  /// A new file without a name, open for reading and writing; the caller closes it. Throws disk_full or io_failure.
  int create_file();

  /// Where files are made; empty before the first.
  std::string path() const;

  /// Bytes that files have written so far; deleting a file takes none of them back.
  std::size_t bytes_written() const noexcept { return bytes_written_.load(std::memory_order_relaxed); }

  /// Files made so far.
  std::size_t files() const noexcept { return files_.load(std::memory_order_relaxed); }

  void note_written(std::size_t bytes) noexcept { bytes_written_.fetch_add(bytes, std::memory_order_relaxed); }

  /// Removes the spill directories below `base` (empty: below all default bases) which this user's dead processes
  /// left; returns how many. A directory is left alone where its process lives (also in another container: a living
  /// owner holds a lock on it), where it belongs to another user, or where its name is a symbolic link. Never throws
  /// for what it finds there.
  static std::size_t sweep(const std::string& base);

private:
  int open_file();
  void make();
  void make_below(const std::string& base);
  void remove() noexcept;

  const std::string base_;
  mutable std::mutex mutex_;
  std::string path_;
  std::string name_;
  int base_fd_ = -1;
  int fd_ = -1;
  int owner_ = 0; // a forked child must not remove its parent's directory
  std::atomic<std::size_t> bytes_written_{0};
  std::atomic<std::size_t> files_{0};
};

/// A spill directory below `base`. The first call for a base in this process sweeps it.
std::shared_ptr<spill_directory> open_spill_directory(std::string base = {});

} // namespace crema::internal
