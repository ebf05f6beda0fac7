#pragma once

#include "net/descriptor.hpp"

#include <optional>
#include <string>
#include <sys/types.h>

namespace crema::command {

/// A file that names this process while it runs, and no other: who starts a second one with it is told so, as
/// already_exists. Nothing happens where `path` is empty.
///
/// The process keeps the file locked, and the kernel says who does: a number that a process which was killed has left
/// in it misleads nobody. At the end it is empty; removed it would be another file than the one that the next process
/// may have open already.
class pid_file {
public:
  /// What an earlier process has left as its ready line, in `ready` if it is not empty, is gone before this one is the
  /// owner.
  pid_file(const std::string& path, const std::string& ready);
  ~pid_file();
  pid_file(const pid_file&) = delete;
  pid_file& operator=(const pid_file&) = delete;

private:
  net::descriptor file_;
};

/// The process that has this file as its own.
std::optional<pid_t> owner_of(const std::string& pid_file);

} // namespace crema::command
