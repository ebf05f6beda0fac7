#include "apps/crema/daemon.hpp"

#include "dataflow/error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <pthread.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace crema::command {

namespace {

/// Written under another name and renamed, so that whoever waits for the file never reads half of it.
void write_whole(const std::string& file, const std::string& text) {
  const auto temporary = file + '.' + std::to_string(::getpid()) + ".tmp";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size())
                       && ::rename(temporary.c_str(), file.c_str()) == 0;
  const int problem = errno;
  ::close(fd);
  if (!written)
    throw error{errc::io_failure, "cannot write '" + file + "': " + std::generic_category().message(problem)};
}

} // namespace

std::shared_ptr<daemon_files> add_daemon_files(CLI::App& command) {
  auto files = std::make_shared<daemon_files>();
  command.add_option("--ready-file", files->ready, "a file that gets the ready line, too");
  command.add_option("--pid-file", files->pid,
                     "a file that names the process while it runs, and keeps out a second one");
  return files;
}

stop_signals::stop_signals() {
  ::sigemptyset(&set_);
  for (const int each : {SIGTERM, SIGINT, SIGUSR1})
    ::sigaddset(&set_, each);
  ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
}

bool stop_signals::wait_until(std::chrono::steady_clock::time_point time) const {
  using namespace std::chrono;
  int signal = -1;
  do {
    const auto left = std::clamp<nanoseconds>(time - steady_clock::now(), nanoseconds{0}, hours{1});
    const timespec most{duration_cast<seconds>(left).count(), (left % seconds{1}).count()};
    signal = ::sigtimedwait(&set_, nullptr, &most);
  } while (signal < 0 && steady_clock::now() < time);
  return signal == SIGTERM || signal == SIGINT;
}

void stop_signals::wake() {
  ::kill(::getpid(), SIGUSR1);
}

void stop_signals::let_through() const {
  ::pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
}

void announce(const std::string& line, const std::string& file) {
  if (!file.empty())
    write_whole(file, line + '\n');
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void log_line(const std::string& text) {
  const auto now = std::time(nullptr);
  std::tm fields{};
  ::gmtime_r(&now, &fields);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &fields);
  std::fprintf(stderr, "%s crema: %s\n", stamp, text.c_str());
}

} // namespace crema::command
