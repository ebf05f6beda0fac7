#pragma once

#include <string>
#include <string_view>

namespace crema::net {

/// Where this user's files of a kind are, as the XDG base directories say: what the variable names, where that is an
/// absolute path, else a directory below the user's home.
///
///     user_directory("XDG_CONFIG_HOME", ".config") // "/home/me/.config"
std::string user_directory(const char* variable, std::string_view below_home);

} // namespace crema::net
