#pragma once

#include <CLI/App.hpp>

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

/// Blocks the signals that end a daemon, in this thread and those that it starts: make one before any other thread.
class stop_signals {
public:
  stop_signals();

  /// Waits for SIGTERM or SIGINT.
  void wait() const;

  /// From here on a second one ends the process at once.
  void let_through() const;

private:
  sigset_t set_;
};

/// Says that the daemon is ready: prints `line` on standard output and, where `file` is not empty, puts it there whole.
void announce(const std::string& line, const std::string& file);

/// A line of the log, on standard error.
void log_line(const std::string& text);

} // namespace crema::command
