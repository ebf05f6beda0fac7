#include "apps/crema/background_process.hpp"

#include "apps/crema/pid_file.hpp"
#include "dataflow/error.hpp"
#include "net/descriptor.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace crema::command {

namespace {

using net::descriptor;

constexpr std::chrono::milliseconds glance{20};
constexpr std::chrono::seconds time_to_begin{30};
constexpr std::size_t lines_of_a_failure = 5;

[[noreturn]] void fail(const std::string& what, int code) {
  throw error{errc::io_failure, "cannot " + what + ": " + std::generic_category().message(code)};
}

descriptor opened(const std::string& path, int flags) {
  descriptor file{::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file)
    fail("open '" + path + '\'', errno);
  return file;
}

/// In the child: becomes the crema command, or says why not by `failure` and ends.
[[noreturn]] void become(const std::vector<char*>& words, const descriptor& log, const descriptor& failure) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log.get(), STDOUT_FILENO);
  ::dup2(log.get(), STDERR_FILENO);
  ::execv("/proc/self/exe", words.data());
  const int code = errno;
  static_cast<void>(!::write(failure.get(), &code, sizeof code));
  ::_exit(127);
}

descriptor watched(pid_t pid) {
  return descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

} // namespace

background_process background_process::start(const net::private_directory& home, const std::string& name,
                                             std::vector<std::string> arguments) {
  background_process made{home, name};
  if (made.running())
    throw error{errc::already_exists, name + " runs already"};
  const auto log = opened(made.log_path(), O_WRONLY | O_CREAT | O_APPEND);
  arguments.insert(arguments.begin(), "crema");
  arguments.insert(arguments.end(), {"--ready-file", made.path(".ready"), "--pid-file", made.path(".pid")});
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (auto& each : arguments)
    words.push_back(each.data());
  words.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    fail("start " + name, errno);
  const descriptor told{ends[0]};
  descriptor failure{ends[1]};
  const pid_t pid = ::fork();
  if (pid < 0)
    fail("start " + name, errno);
  if (pid == 0)
    become(words, log, failure);
  failure.close();
  int code = 0;
  if (::read(told.get(), &code, sizeof code) == sizeof code) {
    ::waitpid(pid, nullptr, 0);
    fail("start " + name, code);
  }
  made.child_ = pid;
  made.wait_until_running(pid);
  return made;
}

/// Before that an old ready line may be there.
void background_process::wait_until_running(pid_t pid) const {
  const auto process = watched(pid);
  pollfd ended{process.get(), POLLIN, 0};
  const auto until = std::chrono::steady_clock::now() + time_to_begin;
  while (running() != pid)
    if (::poll(&ended, 1, static_cast<int>(glance.count())) == 1 || std::chrono::steady_clock::now() >= until) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      throw error{errc::unreachable, name_ + " ended before it was ready:\n" + last_lines(lines_of_a_failure)};
    }
}

std::optional<pid_t> background_process::running() const {
  return owner_of(path(".pid"));
}

std::string background_process::ready_line() const {
  try {
    auto line = home_->read(name_ + ".ready", 4096);
    line.erase(std::find(line.begin(), line.end(), '\n'), line.end());
    return line;
  } catch (const error& e) {
    if (e.code() == errc::not_found)
      return {};
    throw;
  }
}

std::string background_process::wait_until_ready(std::chrono::milliseconds patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (auto line = ready_line(); !line.empty())
      return line;
    if (wait_until_ended(glance))
      throw error{errc::unreachable, name_ + " ended before it was ready:\n" + last_lines(lines_of_a_failure)};
    if (std::chrono::steady_clock::now() >= until)
      throw error{errc::unreachable, name_ + " is not ready in time:\n" + last_lines(lines_of_a_failure)};
  }
}

void background_process::signal(int number) const {
  if (const auto pid = running())
    ::syscall(SYS_pidfd_send_signal, watched(*pid).get(), number, nullptr, 0);
}

bool background_process::wait_until_ended(std::chrono::milliseconds patience) const {
  const auto pid = child_ ? child_ : running(); // a child gives up its pid file before it says why it ends
  if (!pid)
    return true;
  const auto process = watched(*pid);
  pollfd ended{process.get(), POLLIN, 0};
  if (process && ::poll(&ended, 1, static_cast<int>(patience.count())) == 0)
    return false;
  ::waitpid(*pid, nullptr, WNOHANG); // where it is this one's child
  return true;
}

void background_process::remove() const {
  home_->remove(name_ + ".ready");
  home_->remove(name_ + ".pid");
}

std::string background_process::last_lines(std::size_t lines) const {
  std::ifstream file{log_path(), std::ios::binary};
  constexpr std::streamoff most = 64 << 10;
  file.seekg(0, std::ios::end);
  file.seekg(std::max<std::streamoff>(0, static_cast<std::streamoff>(file.tellg()) - most));
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  auto from = text.size();
  for (std::size_t found = 0; from != 0; --from)
    if (text[from - 1] == '\n' && from != text.size() && ++found == lines)
      break;
  return text.substr(from);
}

} // namespace crema::command
