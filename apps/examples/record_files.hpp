#pragma once

#include "dataflow/block/boost_codec.hpp"
#include "dataflow/error.hpp"

#include <algorithm>
#include <array>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

// Binary files of 100-byte records, read from any record on and written all or nothing.

namespace crema::examples {

using record_key = std::array<unsigned char, 10>;

/// A record of the sort benchmark: its bytes are the file's.
struct record {
  record_key key;
  std::array<unsigned char, 90> value;

  bool operator==(const record&) const = default;
};
static_assert(sizeof(record) == 100);

/// A descriptor that is closed at the end. Every failing call throws crema::error with the path and the reason.
class record_file {
public:
  record_file() = default;
  record_file(const std::string& path, int flags) : path_{path}, fd_{::open(path.c_str(), flags | O_CLOEXEC, 0666)} {
    if (fd_ < 0)
      fail("cannot open");
  }
  record_file(record_file&& other) noexcept : path_{std::move(other.path_)}, fd_{std::exchange(other.fd_, -1)} {}
  record_file& operator=(record_file other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~record_file() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  explicit operator bool() const noexcept { return fd_ >= 0; }

  void read(record* to, std::size_t count, std::uint64_t from) const {
    auto* bytes = reinterpret_cast<char*>(to);
    auto offset = from * sizeof(record);
    for (std::size_t left = count * sizeof(record); left != 0;) {
      const auto got = ::pread(fd_, bytes, left, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        fail("cannot read");
      if (got == 0)
        throw error{errc::io_failure, "\"" + path_ + "\" has become shorter while it was read"};
      bytes += got;
      offset += static_cast<std::uint64_t>(got);
      left -= static_cast<std::size_t>(got);
    }
  }

  void write(const record* from, std::size_t count) {
    const auto* bytes = reinterpret_cast<const char*>(from);
    for (std::size_t left = count * sizeof(record); left != 0;) {
      const auto put = ::write(fd_, bytes, left);
      if (put < 0 && errno == EINTR)
        continue;
      if (put < 0)
        fail("cannot write");
      bytes += put;
      left -= static_cast<std::size_t>(put);
    }
  }

  void close() {
    if (::close(std::exchange(fd_, -1)) != 0)
      fail("cannot write");
  }

private:
  [[noreturn]] void fail(const std::string& what) const {
    const auto code = errno == ENOENT ? errc::not_found : errno == ENOSPC ? errc::disk_full : errc::io_failure;
    throw error{code, what + " \"" + path_ + "\": " + std::generic_category().message(errno)};
  }

  std::string path_;
  int fd_ = -1;
};

/// The records of a file, or of a directory's visible files in the order of their names. Cheap to copy.
///
/// Errors: not_found; corrupt_data for a file whose size is no multiple of 100.
class record_input {
public:
  record_input() = default;
  explicit record_input(const std::string& path) {
    namespace fs = std::filesystem;
    std::vector<std::string> paths;
    std::error_code problem;
    if (fs::is_directory(path, problem)) {
      for (const auto& entry : fs::directory_iterator{path})
        if (const auto name = entry.path().filename().string(); name[0] != '_' && name[0] != '.')
          paths.push_back(entry.path().string());
      std::sort(paths.begin(), paths.end());
    } else {
      paths.push_back(path);
    }
    auto files = std::make_shared<std::vector<part>>();
    for (auto& one : paths) {
      const auto bytes = fs::file_size(one, problem);
      if (problem)
        throw error{problem == std::errc::no_such_file_or_directory ? errc::not_found : errc::io_failure,
                    "cannot read \"" + one + "\": " + problem.message()};
      if (bytes % sizeof(record) != 0)
        throw error{errc::corrupt_data, "\"" + one + "\" holds " + std::to_string(bytes)
                                          + " bytes, which is no whole number of 100-byte records"};
      files->push_back({std::move(one), size_, bytes / sizeof(record)});
      size_ += bytes / sizeof(record);
    }
    files_ = std::move(files);
  }

  std::uint64_t size() const noexcept { return size_; }

  /// For readers in other processes, which open the files by the same paths.
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    auto files = files_ ? *files_ : std::vector<part>{};
    archive& files& size_;
    files_ = std::make_shared<const std::vector<part>>(std::move(files));
  }

private:
  friend class record_reader;

  struct part {
    std::string path;
    std::uint64_t begin;
    std::uint64_t count;

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive& path& begin& count;
    }
  };

  std::shared_ptr<const std::vector<part>> files_;
  std::uint64_t size_ = 0;
};

/// Gives the records of an input by their index, fast in ascending order: reads a batch at a time. A copy begins anew,
/// so that each task reads for itself.
class record_reader {
public:
  record_reader() = default;
  explicit record_reader(record_input input) : input_{std::move(input)} {}
  record_reader(const record_reader& other) : input_{other.input_} {}
  record_reader(record_reader&&) = default;
  record_reader& operator=(const record_reader&) = delete;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& input_;
  }

  const record& operator()(std::int64_t index) {
    const auto wanted = static_cast<std::uint64_t>(index);
    if (wanted - first_ >= batch_.size())
      read(wanted);
    return batch_[wanted - first_];
  }

private:
  static constexpr std::uint64_t most = 2500; // 250 kB

  void read(std::uint64_t wanted) {
    const auto& files = *input_.files_;
    if (!file_ || wanted < part_.begin || wanted >= part_.begin + part_.count) {
      part_ = *std::prev(std::upper_bound(files.begin(), files.end(), wanted,
                                          [](std::uint64_t i, const auto& one) { return i < one.begin; }));
      file_ = record_file{part_.path, O_RDONLY};
    }
    batch_.resize(std::min(most, part_.begin + part_.count - wanted));
    file_.read(batch_.data(), batch_.size(), wanted - part_.begin);
    first_ = wanted;
  }

  record_input input_;
  record_input::part part_{};
  record_file file_;
  std::vector<record> batch_;
  std::uint64_t first_ = 0;
};

/// A directory of record files that appears when it is complete: until `commit` it is a neighbour with another name,
/// and the last copy removes that. Errors: already_exists.
class record_output {
public:
  explicit record_output(const std::string& path) : state_{std::make_shared<state>()} {
    namespace fs = std::filesystem;
    state_->path = path;
    while (state_->path.size() > 1 && state_->path.back() == '/')
      state_->path.pop_back();
    if (fs::exists(fs::symlink_status(state_->path)))
      throw error{errc::already_exists, "\"" + path + "\" exists already; remove it or name another directory"};
    state_->temporary = state_->path + ".writing-" + std::to_string(::getpid());
    fs::remove_all(state_->temporary);
    std::error_code problem;
    fs::create_directory(state_->temporary, problem);
    if (problem)
      throw error{errc::io_failure, "cannot create \"" + state_->temporary + "\": " + problem.message()};
  }

  /// The file of one partition, buffered.
  class part {
  public:
    explicit part(const std::string& path) : file_{path, O_WRONLY | O_CREAT | O_TRUNC} { buffer_.reserve(most); }
    void write(const record& one) {
      buffer_.push_back(one);
      if (buffer_.size() == most)
        flush();
    }
    void close() {
      flush();
      file_.close();
    }

  private:
    static constexpr std::size_t most = 2500;
    void flush() {
      file_.write(buffer_.data(), buffer_.size());
      buffer_.clear();
    }
    record_file file_;
    std::vector<record> buffer_;
  };

  /// Where the parts are until then.
  const std::string& temporary() const { return state_->temporary; }

  static part open(const std::string& temporary, int partition) {
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "/part-%05d", partition);
    return part{temporary + name.data()};
  }

  void commit() const {
    record_file{state_->temporary + "/_SUCCESS", O_WRONLY | O_CREAT}.close();
    std::error_code problem;
    std::filesystem::rename(state_->temporary, state_->path, problem);
    if (problem)
      throw error{errc::io_failure, "cannot create \"" + state_->path + "\": " + problem.message()};
  }

private:
  struct state {
    std::string path;
    std::string temporary;
    ~state() {
      std::error_code ignored;
      std::filesystem::remove_all(temporary, ignored);
    }
  };

  std::shared_ptr<state> state_;
};

} // namespace crema::examples
