#include "apps/crema/pid_file.hpp"

#include "dataflow/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace crema::command {

namespace {

struct flock whole_file() {
  struct flock all {};
  all.l_type = F_WRLCK;
  all.l_whence = SEEK_SET;
  return all;
}

[[noreturn]] void fail_to(const std::string& what, int code) {
  throw error{errc::io_failure, "cannot " + what + ": " + std::generic_category().message(code)};
}

} // namespace

pid_file::pid_file(const std::string& path, const std::string& ready) {
  if (!path.empty()) {
    file_ = net::descriptor{::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644)};
    auto lock = whole_file();
    if (file_ && ::fcntl(file_.get(), F_SETLK, &lock) != 0 && (errno == EAGAIN || errno == EACCES))
      throw error{errc::already_exists, "'" + path + "' is that of a process which runs"};
    if (!file_ || ::ftruncate(file_.get(), 0) != 0)
      fail_to("write '" + path + '\'', errno);
  }
  if (!ready.empty() && ::unlink(ready.c_str()) != 0 && errno != ENOENT)
    fail_to("remove '" + ready + '\'', errno);
  const auto text = std::to_string(::getpid()) + '\n';
  if (file_ && ::write(file_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    fail_to("write '" + path + '\'', errno);
}

pid_file::~pid_file() {
  if (file_)
    static_cast<void>(!::ftruncate(file_.get(), 0));
}

std::optional<pid_t> owner_of(const std::string& pid_file) {
  const net::descriptor file{::open(pid_file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  auto lock = whole_file();
  struct stat now {};
  if (!file || ::fcntl(file.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
    return {};
  if (::fstat(file.get(), &now) != 0 || now.st_size == 0)
    return {}; // it is about to be, or to end
  return lock.l_pid;
}

} // namespace crema::command
