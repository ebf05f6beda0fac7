#include "net/work_directory.hpp"

#include "dataflow/error.hpp"
#include "dataflow/io/failed_call.hpp"
#include "net/private_directory.hpp"
#include "net/user_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace crema::net {

namespace {

/// The lock on a directory; none where `how` does not wait and somebody else has it.
descriptor locked(const std::string& path, int how) {
  descriptor directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (directory && ::flock(directory.get(), LOCK_EX | how) != 0)
    directory.close();
  return directory;
}

void remove_all(const std::string& path) {
  std::error_code ignored; // the next sweep tries again
  std::filesystem::remove_all(path, ignored);
}

} // namespace

driver_directory::~driver_directory() {
  if (lock_)
    remove_all(path_);
}

work_directory::work_directory(std::string path) : path_{std::move(path)} {
  std::error_code problem; // what cannot be made is said below
  std::filesystem::create_directories(std::filesystem::path{path_}.parent_path(), problem);
  private_directory::open_or_create(path_);
  const auto drivers = private_directory::open_or_create(path_ + "/drivers");
  const auto others_wait = locked(drivers.path(), 0); // a directory that is made is there before it has its lock
  for (const auto& name : drivers.names())
    if (const auto left = drivers.path() + '/' + name; locked(left, LOCK_NB))
      remove_all(left);
}

driver_directory work_directory::make_driver_directory() const {
  const auto others_wait = locked(path_ + "/drivers", 0);
  auto path = path_ + "/drivers/XXXXXX";
  if (::mkdtemp(path.data()) == nullptr)
    throw internal::failed_call("making", path, errno);
  auto lock = locked(path, LOCK_NB);
  if (!lock)
    throw internal::failed_call("opening", path, errno);
  return {std::move(path), std::move(lock)};
}

std::string default_work_directory() {
  return user_directory("XDG_CACHE_HOME", ".cache") + "/crema";
}

} // namespace crema::net
