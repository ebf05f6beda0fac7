#pragma once

#include "dataflow/block/spill_directory.hpp"

#include <map>
#include <string>

namespace crema::internal {

/// The copies that a context makes of files, so that they stay what they were. They are gone with it; where its process
/// is killed, the sweep of spill directories takes them. Not thread-safe.
class file_copies {
public:
  /// Copies go where spill files do.
  explicit file_copies(std::string base) : directory_{std::move(base)} {}
  ~file_copies() { clear(); }
  file_copies(const file_copies&) = delete;
  file_copies& operator=(const file_copies&) = delete;

  struct copy {
    std::string name; ///< the last part of the path
    std::string path; ///< of the copy
    bool is_new = true;
  };

  /// Throws not_found; invalid_argument for a directory and what else is no regular file; already_exists where another
  /// content has that name; io_failure and disk_full.
  copy add(const std::string& path);
  void remove(const std::string& name) noexcept;
  void clear() noexcept;

private:
  spill_directory directory_;
  std::map<std::string, std::string> paths_; ///< of the copies, by name
};

} // namespace crema::internal
