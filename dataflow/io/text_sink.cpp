#include "dataflow/io/text_sink.hpp"

#include "dataflow/error.hpp"
#include "dataflow/fault_point.hpp"
#include "dataflow/io/failed_call.hpp"
#include "dataflow/io/paths.hpp"

#include <fmt/core.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

constexpr mode_t file_mode = 0666; // the umask takes its share
constexpr mode_t directory_mode = 0777;

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

// Differs for every call in every process, also of other machines that see the same directory.
std::string unique_suffix() {
  static std::atomic<unsigned> calls{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return fmt::format("{}-{}-{}", ::getpid(), now, calls++);
}

error already_exists(const std::string& target) {
  return {errc::already_exists, "the output '" + target + "' exists already; remove it or choose another path"};
}

// The error of a call that needed `need` bytes more at `path`, which exists.
error write_failure(std::string_view doing, const std::string& path, std::uint64_t need, int code) {
  if (code != ENOSPC && code != EDQUOT)
    return failed_call(doing, path, code);
  struct statvfs status {};
  ::statvfs(path.c_str(), &status);
  return {errc::disk_full, fmt::format("{} '{}': {}; needed are at least {} bytes more, free are {} bytes and {} files",
                                       doing, path, code == EDQUOT ? "the quota is used up" : "the disk is full", need,
                                       status.f_bavail * status.f_frsize, status.f_favail)};
}

// Renames without ever replacing; false where `to` exists.
bool rename_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
    return true;
  if (errno == EEXIST || errno == ENOTEMPTY)
    return false;
  // Some network file systems lack the flag. There the look before the rename leaves a racing writer a short gap.
  if (errno == EINVAL || errno == ENOSYS) {
    if (exists(to))
      return false;
    if (::rename(from.c_str(), to.c_str()) == 0)
      return true;
    if (errno == EEXIST || errno == ENOTEMPTY)
      return false;
  }
  throw failed_call("renaming to '" + to + "'", from, errno);
}

} // namespace

part_writer::part_writer(int fd, std::string path, int partition)
    : buffer_{std::make_unique_for_overwrite<char[]>(capacity)},
      fd_{fd},
      path_{std::move(path)},
      partition_{partition} {}

part_writer::~part_writer() {
  if (fd_ >= 0)
    ::close(fd_);
  if (!path_.empty())
    ::unlink(path_.c_str());
}

void part_writer::put(const char* data, std::size_t size) {
  while (size > 0) {
    const auto written = fails_here("output.write") ? -1 : ::write(fd_, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      throw write_failure("writing", path_, size, errno);
    data += written;
    size -= static_cast<std::size_t>(written);
    flushed_ += static_cast<std::uint64_t>(written);
  }
}

void part_writer::flush() {
  put(buffer_.get(), std::exchange(used_, 0));
}

void part_writer::write_across(std::string_view line) {
  flush();
  if (line.size() < capacity) {
    write(line);
    return;
  }
  put(line.data(), line.size());
  buffer_[used_++] = '\n';
}

void part_writer::close() {
  flush();
  // Network file systems and quotas may report only now what did not fit.
  if (::close(std::exchange(fd_, -1)) != 0)
    throw write_failure("closing", path_, 0, errno);
}

struct text_output::state {
  std::string target;
  std::string temporary;
  std::vector<std::string> made_parents;
  std::mutex mutex;
  bool open = true;
  bool ours = true; // else of another process

  // Held by every member that touches the hidden directory.
  std::unique_lock<std::mutex> lock_open() {
    std::unique_lock lock{mutex};
    if (!open)
      throw error{errc::cancelled, "the output '" + target + "' is committed or aborted already"};
    return lock;
  }

  std::string part_path(int partition) const { return fmt::format("{}/part-{:05}", temporary, partition); }

  void make_directories();
  void remove_parents() noexcept;
  void remove_attempts();
};

void text_output::state::make_directories() {
  for (auto slash = target.find('/', 1); slash != std::string::npos; slash = target.find('/', slash + 1)) {
    const auto parent = target.substr(0, slash);
    if (exists(parent))
      continue;
    if (::mkdir(parent.c_str(), directory_mode) == 0)
      made_parents.push_back(parent);
    else if (errno != EEXIST) // another output was faster
      throw write_failure("making the directory", parent, 0, errno);
  }
  if (::mkdir(temporary.c_str(), directory_mode) != 0)
    throw write_failure("making the directory", temporary, 0, errno);
}

void text_output::state::remove_parents() noexcept {
  for (auto parent = made_parents.rbegin(); parent != made_parents.rend(); ++parent)
    ::rmdir(parent->c_str()); // fails where others have put something there meanwhile, as it should
}

void text_output::state::remove_attempts() {
  std::error_code code;
  for (std::filesystem::directory_iterator entry{temporary, code}, end; !code && entry != end; entry.increment(code))
    if (entry->path().filename().native().starts_with('_'))
      ::unlink(entry->path().c_str());
  if (code)
    throw failed_call("listing", temporary, code.value());
}

text_output::text_output(std::string_view uri) : state_{std::make_unique<state>()} {
  auto& target = state_->target;
  target = local_path(uri);
  while (target.size() > 1 && target.back() == '/')
    target.pop_back();
  if (exists(target))
    throw already_exists(target);
  const auto name_at = target.find_last_of('/') + 1; // 0 where there is no slash
  state_->temporary =
    fmt::format("{}_temporary-{}-{}", target.substr(0, name_at), target.substr(name_at), unique_suffix());
  try {
    state_->make_directories();
  } catch (...) {
    state_->remove_parents();
    throw;
  }
}

text_output::text_output(std::string path, std::string temporary) : state_{std::make_unique<state>()} {
  state_->target = std::move(path);
  state_->temporary = std::move(temporary);
  state_->ours = false;
}

text_output::~text_output() {
  if (state_->ours)
    abort();
}

const std::string& text_output::path() const noexcept {
  return state_->target;
}

const std::string& text_output::temporary() const noexcept {
  return state_->temporary;
}

std::unique_ptr<part_writer> text_output::open_part(int partition, int attempt) {
  const auto lock = state_->lock_open();
  const auto path = fmt::format("{}/_attempt-{}-{}-{}", state_->temporary, partition, attempt, unique_suffix());
  const int fd =
    fails_here("output.file") ? -1 : ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file_mode);
  if (fd < 0)
    throw write_failure("making a file in", state_->temporary, 0, errno);
  return std::make_unique<part_writer>(fd, path, partition);
}

void text_output::commit_part(std::unique_ptr<part_writer> part) {
  part->close();
  const auto lock = state_->lock_open();
  const auto target = state_->part_path(part->partition_);
  if (::rename(part->path_.c_str(), target.c_str()) != 0)
    throw failed_call("renaming to '" + target + "'", part->path_, errno);
  part->path_.clear();
}

void text_output::commit(int partitions) {
  auto& s = *state_;
  const auto lock = s.lock_open();
  for (int partition = 0; partition < partitions; ++partition)
    if (!exists(s.part_path(partition)))
      throw error{errc::internal, fmt::format("the output '{}' lacks its partition {}", s.target, partition)};
  s.remove_attempts();
  const int fd = ::open((s.temporary + "/_SUCCESS").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, file_mode);
  if (fd < 0)
    throw write_failure("making _SUCCESS in", s.temporary, 0, errno);
  ::close(fd);
  if (!rename_new(s.temporary, s.target))
    throw already_exists(s.target);
  s.open = false;
}

void text_output::abort() noexcept {
  const std::lock_guard lock{state_->mutex};
  if (!std::exchange(state_->open, false))
    return;
  std::error_code ignored; // there is no one to tell, and the directory's name says what it is
  std::filesystem::remove_all(state_->temporary, ignored);
  state_->remove_parents();
}

} // namespace crema::internal
