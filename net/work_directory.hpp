#pragma once

#include "net/descriptor.hpp"

#include <string>
#include <string_view>

namespace crema::net {

/// A directory of one driver's workers, gone with all that is in it when this is.
class driver_directory {
public:
  driver_directory(driver_directory&&) noexcept = default;
  driver_directory& operator=(driver_directory&&) = delete;
  ~driver_directory();

  const std::string& path() const noexcept { return path_; }

private:
  friend class work_directory;
  driver_directory(std::string path, descriptor lock) : path_{std::move(path)}, lock_{std::move(lock)} {}

  std::string path_;
  descriptor lock_; ///< says that it is in use
};

/// Where a node keeps what belongs to drivers, 0700:
///
///     executables/   what they have sent (executables/executable_store.hpp)
///     drivers/       a directory for each of them: the working directory of its workers, with their spill files, and
///     with
///                    files/, which it has added for them
///
/// Several nodes of one user may share it; what nodes that were killed left behind is swept when the next one starts.
/// Throws untrusted for one that others can use; io_failure, not_found.
class work_directory {
public:
  /// Makes what is not there.
  explicit work_directory(std::string path);

  std::string executables() const { return path_ + "/executables"; }
  driver_directory make_driver_directory() const;

private:
  std::string path_;
};

/// In a driver's directory: what its tasks open by name.
inline constexpr std::string_view file_directory = "files";

/// $XDG_CACHE_HOME/crema, or ~/.cache/crema.
std::string default_work_directory();

} // namespace crema::net
