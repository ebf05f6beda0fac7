#pragma once

#include <CLI/App.hpp>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>

namespace crema::command {

// What the commands that stay have in common.

/// Files that tell others of it; empty is none.
struct daemon_files {
  std::string ready; ///< gets the ready line, too
  std::string pid;
};

/// Adds the flags for them.
std::shared_ptr<daemon_files> add_daemon_files(CLI::App& command);

/// Blocks the signals that end a daemon, and SIGUSR1, in this thread and those that it starts: make one before any
/// other thread.
class stop_signals {
public:
  stop_signals();

  /// Waits for SIGTERM or SIGINT, or until a thread of this process has called `wake`. Whether it was a signal.
  bool wait() const { return wait_until(std::chrono::steady_clock::time_point::max()); }

  /// The same; also false at that time.
  bool wait_until(std::chrono::steady_clock::time_point time) const;

  static void wake();

  /// From here on another one ends the process at once.
  void let_through() const;

private:
  sigset_t set_;
};

/// Says that the daemon is ready: prints `line` on standard output and, where `file` is not empty, puts it there whole.
void announce(const std::string& line, const std::string& file);

/// A line of the log, on standard error.
void log_line(const std::string& text);

} // namespace crema::command
