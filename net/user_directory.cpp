#include "net/user_directory.hpp"

#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

namespace crema::net {

std::string user_directory(const char* variable, std::string_view below_home) {
  if (const char* chosen = std::getenv(variable); chosen != nullptr && *chosen == '/')
    return chosen;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    const auto* user = ::getpwuid(::geteuid());
    home = user == nullptr ? "" : user->pw_dir;
  }
  return std::string{home} + '/' + std::string{below_home};
}

} // namespace crema::net
