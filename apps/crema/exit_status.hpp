#pragma once

#include "dataflow/error.hpp"

namespace crema::command {

// How the crema command ends. These do not change.
inline constexpr int done = 0;
inline constexpr int failed = 1;         ///< something else
inline constexpr int wrong_usage = 2;    ///< arguments or settings
inline constexpr int not_found = 3;      ///< a profile, a file or keys
inline constexpr int exists_already = 4; ///< a profile
inline constexpr int unreachable = 5;    ///< no connection, or no answer in time
inline constexpr int refused = 6;        ///< keys, certificates, versions, or what others could have changed

/// What stands below every command's help.
inline constexpr const char* exit_status_help =
  "\nExit status:\n"
  "  0  done\n"
  "  1  failed for another reason\n"
  "  2  wrong arguments or settings\n"
  "  3  not found: a profile, a file, keys\n"
  "  4  exists already\n"
  "  5  cannot be reached, or does not answer in time\n"
  "  6  refused: keys, certificates, versions, or files that others can use\n";

inline int exit_status(errc code) {
  switch (code) {
  case errc::invalid_argument:
    return wrong_usage;
  case errc::not_found:
    return not_found;
  case errc::already_exists:
    return exists_already;
  case errc::unreachable:
    return unreachable;
  case errc::untrusted:
  case errc::corrupt_data:
    return refused;
  default:
    return failed;
  }
}

} // namespace crema::command
