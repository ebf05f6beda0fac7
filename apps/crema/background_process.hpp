#pragma once

#include "net/private_directory.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace crema::command {

/// A process of the crema command that goes on when its parent has ended. What is known of it lies in a directory:
///
///     NAME.pid    its number while it runs (pid_file.hpp)
///     NAME.log    what it prints
///     NAME.ready  its ready line, once there is one
class background_process {
public:
  /// Starts `crema arguments… --ready-file … --pid-file …` in a session of its own. Throws already_exists where one of
  /// that name runs, io_failure where it cannot be started, unreachable with the last lines of its log where it ends at
  /// once.
  static background_process start(const net::private_directory& home, const std::string& name,
                                  std::vector<std::string> arguments);

  background_process(const net::private_directory& home, std::string name) : home_{&home}, name_{std::move(name)} {}

  const std::string& name() const noexcept { return name_; }
  std::string log_path() const { return home_->path() + '/' + name_ + ".log"; }

  /// Its number while it runs.
  std::optional<pid_t> running() const;

  /// The ready line; empty before there is one.
  std::string ready_line() const;

  /// Waits for it. Throws unreachable with the last lines of its log where it ends before that, or is not ready in
  /// time.
  std::string wait_until_ready(std::chrono::milliseconds patience) const;

  /// Sends a signal, if it runs.
  void signal(int number) const;

  /// Whether it has ended in time.
  bool wait_until_ended(std::chrono::milliseconds patience) const;

  /// Forgets it; the log stays.
  void remove() const;

  /// The last lines of its log.
  std::string last_lines(std::size_t lines) const;

private:
  void wait_until_running(pid_t pid) const;
  std::string path(const char* suffix) const { return home_->path() + '/' + name_ + suffix; }

  const net::private_directory* home_; ///< outlives it
  std::string name_;
  std::optional<pid_t> child_{}; ///< where this process has started it
};

} // namespace crema::command
