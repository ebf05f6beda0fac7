#include "dataflow/block/spill_directory.hpp"

#include "dataflow/block/own_spill.hpp"
#include "dataflow/error.hpp"
#include "dataflow/fault_point.hpp"

#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <optional>
#include <random>
#include <set>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

constexpr std::string_view prefix = "crema-spill-";

std::vector<std::string> bases_of(const std::string& base) {
  if (!base.empty())
    return {base};
  std::vector<std::string> bases{"/var/tmp", "/tmp"};
  if (const char* chosen = std::getenv("TMPDIR"); chosen != nullptr && *chosen != '\0')
    bases.insert(bases.begin(), chosen);
  return bases;
}

[[noreturn]] void fail(const std::string& what, const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  std::string text = "cannot make " + what + " in " + path + ": " + std::strerror(error);
  if (error == EMFILE)
    text += "; raise the limit of open files (ulimit -n)";
  else
    text += full ? "; free space or set another spill directory" : "; set another spill directory";
  throw crema::error{full ? errc::disk_full : errc::io_failure, std::move(text)};
}

struct process_state {
  char state;
  std::uint64_t start; // clock ticks after boot
};

/// Fields 3 and 22 of /proc/PID/stat. The second field, the program's name, may hold blanks and parentheses.
std::optional<process_state> look_up(const char* pid) {
  const auto path = std::string{"/proc/"} + pid + "/stat";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return std::nullopt;
  char text[1024];
  const auto length = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  if (length <= 0)
    return std::nullopt;
  text[length] = '\0';
  const char* at = std::strrchr(text, ')');
  if (at == nullptr || at[1] != ' ')
    return std::nullopt;
  at += 2;
  const char state = *at;
  for (int field = 3; field < 22; ++field) {
    at = std::strchr(at, ' ');
    if (at == nullptr)
      return std::nullopt;
    ++at;
  }
  return process_state{state, std::strtoull(at, nullptr, 10)};
}

bool is_dead(std::uint64_t pid, std::uint64_t start) {
  if (const auto found = look_up(std::to_string(pid).c_str()))
    return found->start != start || found->state == 'Z' || found->state == 'X';
  return ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
}

std::string directory_name() {
  const auto self = look_up("self");
  std::random_device random;
  const auto tag = std::uint64_t{random()} << 32 | random();
  char text[128];
  std::snprintf(text, sizeof text, "%s%u-%d-%" PRIu64 "-%016" PRIx64, prefix.data(), ::geteuid(), ::getpid(),
                self ? self->start : 0, tag);
  return text;
}

bool take_number(std::string_view& text, std::uint64_t& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end == text.data() + text.size() || *end != '-')
    return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

struct maker {
  std::uint64_t pid = 0;
  std::uint64_t start = 0;
};

/// This user's process that made the directory, as its name says.
std::optional<maker> maker_of(std::string_view name) {
  if (name.substr(0, prefix.size()) != prefix)
    return std::nullopt;
  name.remove_prefix(prefix.size());
  std::uint64_t uid = 0;
  maker found;
  const bool ours = take_number(name, uid) && take_number(name, found.pid) && take_number(name, found.start)
                    && uid == ::geteuid() && found.pid > 0 && found.pid <= INT32_MAX;
  return ours ? std::optional{found} : std::nullopt;
}

bool is_left_over(std::string_view name) {
  const auto made_by = maker_of(name);
  return made_by && is_dead(made_by->pid, made_by->start);
}

bool is_own_directory(int fd) {
  struct stat status;
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid();
}

/// Whether the open directory was removed; file systems disagree on what making a file in it answers.
bool is_gone(int fd) {
  const int problem = errno;
  struct stat status;
  const bool gone = ::fstat(fd, &status) == 0 && status.st_nlink == 0;
  errno = problem;
  return gone;
}

template <class Visit>
void for_each_name(int directory, Visit&& visit) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const list = copy < 0 ? nullptr : ::fdopendir(copy);
  if (list == nullptr) {
    if (copy >= 0)
      ::close(copy);
    return;
  }
  while (const dirent* const entry = ::readdir(list))
    visit(static_cast<const char*>(entry->d_name));
  ::closedir(list);
}

/// Removes one directory and the files in it; symbolic links go as links, never as what they point to. Where
/// `locked`, only if its maker has no lock on it.
bool remove_all(int base, const char* name, bool locked) {
  const int fd = ::openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return false;
  // The lock is the proof for processes that /proc here does not show: those of another container. Where a file system
  // cannot lock, there is no proof and the directory stays.
  bool removed = false;
  if (is_own_directory(fd) && (!locked || ::flock(fd, LOCK_EX | LOCK_NB) == 0)) {
    for_each_name(fd, [fd](const char* entry) { ::unlinkat(fd, entry, 0); });
    removed = ::unlinkat(base, name, AT_REMOVEDIR) == 0;
  }
  ::close(fd);
  return removed;
}

} // namespace

spill_directory::spill_directory(std::string base) : base_{std::move(base)} {}

spill_directory::~spill_directory() {
  remove();
}

int spill_directory::create_file() {
  const std::lock_guard guard{mutex_};
  if (fd_ < 0)
    make();
  int file = open_file();
  if (file < 0 && (errno == ENOENT || is_gone(fd_))) {
    remove();
    make();
    file = open_file();
  }
  if (file < 0)
    fail("a spill file", path_, errno);
  files_.fetch_add(1, std::memory_order_relaxed);
  return file;
}

std::string spill_directory::path() const {
  const std::lock_guard guard{mutex_};
  return path_;
}

std::size_t spill_directory::sweep(const std::string& base) {
  std::size_t removed = 0;
  for (const auto& folder : bases_of(base)) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
      continue;
    for_each_name(fd, [&](const char* name) { removed += is_left_over(name) && remove_all(fd, name, true); });
    ::close(fd);
  }
  return removed;
}

void remove_own_spill_directories(const std::string& base) noexcept {
  const auto self = look_up("self");
  for (const auto& folder : bases_of(base)) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
      continue;
    for_each_name(fd, [&](const char* name) {
      const auto made_by = maker_of(name);
      if (made_by && self && made_by->pid == static_cast<std::uint64_t>(::getpid()) && made_by->start == self->start)
        remove_all(fd, name, false);
    });
    ::close(fd);
  }
}

int spill_directory::open_file() {
  if (fails_here("spill.file"))
    return -1;
  const int file = ::openat(fd_, ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
    return file;
  // No O_TMPFILE on this file system: a name for a moment.
  const auto name = "f" + std::to_string(files());
  const int named = ::openat(fd_, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (named >= 0)
    ::unlinkat(fd_, name.c_str(), 0);
  return named;
}

void spill_directory::make() {
  const auto bases = bases_of(base_);
  for (std::size_t i = 0; i + 1 < bases.size(); ++i) {
    try {
      return make_below(bases[i]);
    } catch (const crema::error&) { // the next one may do
    }
  }
  make_below(bases.back());
}

void spill_directory::make_below(const std::string& base) {
  auto name = directory_name();
  base_fd_ = ::open(base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (base_fd_ < 0)
    fail("a spill directory", base, errno);
  owner_ = ::getpid();
  name_ = std::move(name);
  int problem = 0;
  if (fails_here("spill.directory") || ::mkdirat(base_fd_, name_.c_str(), 0700) != 0) {
    problem = errno;
    name_.clear();
  } else {
    fd_ = ::openat(base_fd_, name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    problem = fd_ < 0 ? errno : is_own_directory(fd_) ? 0 : EPERM;
  }
  if (problem != 0) {
    remove();
    fail("a spill directory", base, problem);
  }
  ::flock(fd_, LOCK_SH | LOCK_NB);
  path_ = base + "/" + name_;
}

void spill_directory::remove() noexcept {
  if (base_fd_ >= 0 && !name_.empty() && owner_ == ::getpid())
    ::unlinkat(base_fd_, name_.c_str(), AT_REMOVEDIR);
  for (int* fd : {&fd_, &base_fd_})
    if (*fd >= 0)
      ::close(std::exchange(*fd, -1));
  name_.clear();
}

std::shared_ptr<spill_directory> open_spill_directory(std::string base) {
  static std::mutex mutex;
  static std::set<std::string> swept;
  bool first = false;
  {
    const std::lock_guard guard{mutex};
    first = swept.insert(base).second;
  }
  if (first)
    spill_directory::sweep(base);
  return std::make_shared<spill_directory>(std::move(base));
}

} // namespace crema::internal
