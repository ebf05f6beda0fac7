#include "net/executables/executable_store.hpp"

#include "dataflow/error.hpp"
#include "dataflow/io/failed_call.hpp"
#include "net/private_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace crema::net {

namespace {

using internal::failed_call;

constexpr std::chrono::hours longest_unused{30 * 24};

/// What is not whole yet has a name that begins so.
constexpr std::string_view partial = ".part-";

[[noreturn]] void fail(std::string_view doing, const std::string& path, std::uint64_t need, int code) {
  if (code != ENOSPC && code != EDQUOT)
    throw failed_call(doing, path, code);
  struct statvfs status {};
  ::statvfs(path.c_str(), &status);
  throw error{errc::disk_full, std::string{doing} + " '" + path + "': the disk is full; needed are "
                                 + std::to_string(need) + " bytes, free are "
                                 + std::to_string(std::uint64_t{status.f_bavail} * status.f_frsize)};
}

void require_execution(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0)
    throw failed_call("opening", path, errno);
  if ((status.f_flag & ST_NOEXEC) != 0)
    throw error{errc::invalid_argument, "'" + path
                                          + "' is on a file system that is mounted noexec, so no executable can run "
                                            "there: choose another work directory"};
}

/// The lock on a file or directory, held while the descriptor is open; none where `how` does not wait and it is taken.
descriptor locked(const std::string& path, int how) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (file && ::flock(file.get(), how) != 0)
    file.close();
  return file;
}

struct stat status_of(const descriptor& file) {
  struct stat status {};
  ::fstat(file.get(), &status);
  return status;
}

struct entry {
  std::string name;
  std::uint64_t size;
  std::time_t used;
};

/// All files of a directory, those that were not used for longest first.
std::vector<entry> entries(const std::string& directory) {
  std::vector<entry> found;
  for (auto& name : private_directory::open(directory).names()) {
    struct stat status {};
    if (::lstat((directory + '/' + name).c_str(), &status) == 0)
      found.push_back({std::move(name), static_cast<std::uint64_t>(status.st_size), status.st_mtime});
  }
  std::ranges::sort(found, {}, &entry::used);
  return found;
}

/// Whether it could be removed: not while somebody uses or writes it.
bool remove_unused(const std::string& path) {
  const auto lock = locked(path, LOCK_EX | LOCK_NB);
  return lock && ::unlink(path.c_str()) == 0;
}

} // namespace

executable_store::executable_store(std::string directory, std::uint64_t limit)
    : directory_{std::move(directory)}, limit_{limit} {
  private_directory::open_or_create(directory_);
  require_execution(directory_);
  sweep();
}

void executable_store::sweep() const {
  const auto others_wait = locked(directory_, LOCK_EX); // a transfer that begins has a file before it has its lock
  const auto oldest = std::time(nullptr) - std::chrono::seconds{longest_unused}.count();
  for (const auto& each : entries(directory_))
    if (each.used < oldest || each.name.starts_with(partial))
      remove_unused(path_of(each.name));
}

std::optional<stored_executable> executable_store::find(const executable_id& wanted) const {
  auto path = path_of(wanted.sha256);
  auto file = locked(path, LOCK_SH);
  if (!file)
    return {};
  if (static_cast<std::uint64_t>(status_of(file).st_size) != wanted.size)
    ::unlink(path.c_str()); // not our doing, and of no use
  if (status_of(file).st_nlink == 0)
    return {};
  ::futimens(file.get(), nullptr); // it has been used
  return stored_executable{std::move(path), std::move(file)};
}

executable_store::transfer executable_store::receive(const executable_id& wanted) const {
  if (wanted.size > limit_)
    throw error{errc::invalid_argument, "it has " + std::to_string(wanted.size)
                                          + " bytes, and what drivers send may take " + std::to_string(limit_)
                                          + " here: strip an executable, or raise max_executables"};
  const auto others_wait = locked(directory_, LOCK_EX);
  make_room(wanted.size);
  return {*this, wanted};
}

void executable_store::make_room(std::uint64_t bytes) const {
  const auto there = entries(directory_);
  std::uint64_t total = 0;
  for (const auto& each : there)
    total += each.size;
  for (const auto& each : there)
    if (total + bytes > limit_ && remove_unused(path_of(each.name)))
      total -= each.size;
  if (total + bytes > limit_)
    throw error{errc::disk_full, "'" + directory_ + "': there is no room for another file of " + std::to_string(bytes)
                                   + " bytes: those that are in use take " + std::to_string(total) + " of "
                                   + std::to_string(limit_) + "; raise max_executables"};
}

// -- a transfer -----------------------------------------------------------------------------------------------------

executable_store::transfer::transfer(const executable_store& store, executable_id wanted)
    : store_{&store}, wanted_{std::move(wanted)} {
  path_ = store.path_of(std::string{partial} + "XXXXXX");
  file_ = descriptor{::mkostemp(path_.data(), O_CLOEXEC)};
  if (!file_)
    fail("writing", store.directory_, wanted_.size, errno);
  ::flock(file_.get(), LOCK_EX);
  // Whether the disk has room is known now, and others count these bytes.
  if (::fallocate(file_.get(), 0, 0, static_cast<off_t>(wanted_.size)) == 0 || wanted_.size == 0)
    return;
  int problem = errno;
  if (problem == EOPNOTSUPP)
    problem = ::ftruncate(file_.get(), static_cast<off_t>(wanted_.size)) == 0 ? 0 : errno;
  if (problem != 0) {
    ::unlink(path_.c_str());
    fail("writing", store.directory_, wanted_.size, problem);
  }
}

executable_store::transfer::~transfer() {
  if (file_)
    ::unlink(path_.c_str());
}

void executable_store::transfer::add(std::span<const std::byte> bytes) {
  if (bytes.size() > wanted_.size - received_)
    throw error{errc::corrupt_data,
                "more bytes came than the " + std::to_string(wanted_.size) + " that were announced"};
  hash_.add(bytes);
  while (!bytes.empty()) {
    const auto n = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(received_));
    if (n < 0 && errno != EINTR)
      fail("writing", path_, wanted_.size - received_, errno);
    const auto written = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    received_ += written;
    bytes = bytes.subspan(written);
  }
}

stored_executable executable_store::transfer::finish() && {
  if (!complete())
    throw error{errc::corrupt_data, "only " + std::to_string(received_) + " bytes came of the "
                                      + std::to_string(wanted_.size) + " that were announced"};
  if (const auto found = hash_.finish(); found != wanted_.sha256)
    throw error{errc::corrupt_data,
                "what came has the SHA-256 " + found + ", and not " + wanted_.sha256 + " as announced"};
  // Whoever finds it under its name waits for the lock, and so until it is not open for writing any more. What another
  // transfer has put there is in use, and stays.
  const auto name = store_->path_of(wanted_.sha256);
  if (::fsync(file_.get()) != 0 || ::fchmod(file_.get(), 0500) != 0
      || (::link(path_.c_str(), name.c_str()) != 0 && errno != EEXIST))
    fail("writing", path_, wanted_.size, errno);
  ::unlink(path_.c_str());
  file_.close();
  if (auto there = store_->find(wanted_))
    return *std::move(there);
  throw error{errc::io_failure, "'" + name + "' was removed by another process"};
}

} // namespace crema::net
