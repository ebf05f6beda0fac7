#include "net/private_directory.hpp"

#include "dataflow/error.hpp"
#include "dataflow/io/failed_call.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <random>
#include <sys/stat.h>

namespace crema::net {

namespace {

using internal::failed_call;

[[noreturn]] void distrust(const std::string& path, const std::string& why) {
  throw error{errc::untrusted, "'" + path + "' " + why};
}

[[noreturn]] void fail(std::string_view doing, const std::string& path, int code) {
  if (code == ENOENT)
    throw error{errc::not_found, "there is no '" + path + "'"};
  if (code == ELOOP || code == ENOTDIR)
    distrust(path, "is a symbolic link or no directory: it is not followed");
  throw failed_call(doing, path, code);
}

/// What anybody but the owner could do with it is too much.
void require_private(const struct stat& status, const std::string& path, const char* remedy) {
  if (status.st_uid != ::geteuid())
    distrust(path, "belongs to user " + std::to_string(status.st_uid) + ", and this process to "
                     + std::to_string(::geteuid()));
  if ((status.st_mode & 077) != 0)
    distrust(path, "can be used by others: " + std::string{remedy} + " '" + path + "'");
}

std::string read_up_to(int fd, std::size_t most, const std::string& path) {
  std::string text(most, '\0');
  std::size_t length = 0;
  while (length < most) {
    const auto n = ::read(fd, text.data() + length, most - length);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      fail("reading", path, errno);
    if (n == 0)
      break;
    length += static_cast<std::size_t>(n);
  }
  text.resize(length);
  return text;
}

void write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      fail("writing", path, errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0)
    fail("writing", path, errno);
}

std::string temporary_name(std::string_view name) {
  std::random_device random;
  return '.' + std::string{name} + '.' + std::to_string(random()) + ".tmp";
}

} // namespace

private_directory private_directory::open(const std::string& path) {
  descriptor opened{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!opened)
    fail("opening", path, errno);
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0)
    fail("opening", path, errno);
  require_private(status, path, "chmod 700");
  return {path, std::move(opened)};
}

private_directory private_directory::create(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST)
      throw error{errc::already_exists, "there is a '" + path + "' already"};
    fail("making", path, errno);
  }
  return open(path);
}

private_directory private_directory::open_or_create(const std::string& path) {
  try {
    return create(path);
  } catch (const error& e) {
    if (e.code() != errc::already_exists)
      throw;
    return open(path);
  }
}

std::string private_directory::read(std::string_view name, std::size_t most) const {
  const auto path = path_of(name);
  // Not blocking: the name may be that of a pipe.
  const descriptor file{::openat(fd_.get(), std::string{name}.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (!file)
    fail("opening", path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    fail("opening", path, errno);
  if (!S_ISREG(status.st_mode))
    distrust(path, "is no plain file");
  require_private(status, path, "chmod 600");
  auto text = read_up_to(file.get(), most + 1, path);
  if (text.size() > most)
    distrust(path, "has more than " + std::to_string(most) + " bytes: crema did not write it");
  return text;
}

void private_directory::write(std::string_view name, std::string_view content) const {
  const auto temporary = temporary_name(name);
  const auto path = path_of(name);
  const descriptor file{
    ::openat(fd_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file)
    fail("writing", path, errno);
  try {
    write_all(file.get(), content, path);
    if (::renameat(fd_.get(), temporary.c_str(), fd_.get(), std::string{name}.c_str()) != 0)
      fail("writing", path, errno);
  } catch (...) {
    ::unlinkat(fd_.get(), temporary.c_str(), 0);
    throw;
  }
}

void private_directory::remove(std::string_view name) const {
  if (::unlinkat(fd_.get(), std::string{name}.c_str(), 0) != 0 && errno != ENOENT)
    fail("removing", path_of(name), errno);
}

std::vector<std::string> private_directory::names() const {
  descriptor again{::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!again)
    fail("listing", path_, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> list{::fdopendir(again.get()), &::closedir};
  if (!list)
    fail("listing", path_, errno);
  again.release(); // the list's now
  std::vector<std::string> found;
  while (const dirent* entry = ::readdir(list.get()))
    if (const std::string_view name = entry->d_name; name != "." && name != "..")
      found.emplace_back(name);
  std::ranges::sort(found);
  return found;
}

std::string private_directory::path_of(std::string_view name) const {
  return path_ + '/' + std::string{name};
}

} // namespace crema::net
