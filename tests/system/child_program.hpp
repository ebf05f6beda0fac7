#pragma once

#include "net/descriptor.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace crema {

inline constexpr std::chrono::seconds patience{60}; // on a machine that does other things, too

/// Whether it comes true in time; asks again and again.
inline bool comes_true(const std::function<bool()>& what) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!what())
    if (std::chrono::steady_clock::now() > until)
      return false;
  return true;
}

/// A process that is watched, whether it is this one's child or not, and whatever becomes of its number.
class watched_process {
public:
  explicit watched_process(pid_t pid) : fd_{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))} {
    EXPECT_TRUE(fd_) << "there is no process " << pid;
  }

  bool ends_within(std::chrono::milliseconds time) const {
    pollfd ready{fd_.get(), POLLIN, 0};
    return ::poll(&ready, 1, static_cast<int>(time.count())) == 1;
  }
  bool ends() const { return ends_within(patience); }
  bool lives() const { return !ends_within({}); }

private:
  net::descriptor fd_;
};

/// A program that a test runs: it dies with the test, its output is read as it comes, and every wait is bounded.
class child_program {
public:
  /// `words` are its arguments, from its name on.
  child_program(const char* path, std::vector<std::string> words) {
    std::vector<char*> argv;
    for (auto& each : words)
      argv.push_back(each.data());
    argv.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    output_ = net::descriptor{ends[0]};
    const net::descriptor written{ends[1]};
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(written.get(), STDOUT_FILENO);
      ::dup2(written.get(), STDERR_FILENO);
      ::execv(path, argv.data());
      ::_exit(127);
    }
  }
  ~child_program() {
    if (pid_ != 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  child_program(const child_program&) = delete;
  child_program& operator=(const child_program&) = delete;

  /// What it has printed when `part` has come, or at its end.
  const std::string& until(const std::string& part) {
    while (text_.find(part) == std::string::npos && read_more()) {
    }
    EXPECT_NE(text_.find(part), std::string::npos) << "it printed: " << text_;
    return text_;
  }
  const std::string& all() {
    while (read_more()) {
    }
    return text_;
  }

  void signal(int number) const { ::kill(pid_, number); }

  /// 0 once `status` has been asked for.
  pid_t pid() const noexcept { return pid_; }

  /// With which it exited, or 128 and the signal that killed it.
  int status() {
    if (!watched_process{pid_}.ends()) {
      ADD_FAILURE() << "it does not end; it printed: " << text_;
      signal(SIGKILL);
    }
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

private:
  bool read_more() {
    pollfd ready{output_.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) != 1) {
      ADD_FAILURE() << "waited in vain; it printed: " << text_;
      return false;
    }
    char bytes[4096];
    const auto n = ::read(output_.get(), bytes, sizeof bytes);
    text_.append(bytes, static_cast<std::size_t>(n > 0 ? n : 0));
    return n > 0;
  }

  pid_t pid_ = 0;
  net::descriptor output_;
  std::string text_;
};

} // namespace crema
