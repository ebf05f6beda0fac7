#pragma once

#include "apps/crema/background_process.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace crema::command {

/// The controller and the nodes that `crema cluster start` has on this machine, for one profile. What is known of them
/// lies in $XDG_STATE_HOME/crema/PROFILE or ~/.local/state/crema/PROFILE, which only this user can read.
class local_cluster {
public:
  /// Makes the directory where there is none. Throws untrusted where others can look into it.
  explicit local_cluster(const std::string& profile);

  const std::string& directory() const noexcept { return home_.path(); }

  /// Starts one more process; see background_process::start.
  background_process start(const std::string& name, std::vector<std::string> arguments) const {
    return background_process::start(home_, name, std::move(arguments));
  }

  /// All that were started and not stopped, whether they run or not: the controller first, then the nodes.
  std::vector<background_process> processes() const;
  std::vector<background_process> running() const;

  /// Ends them, nodes first; those that take longer than `patience` by force. How many ran.
  std::size_t stop(std::chrono::milliseconds patience) const;

private:
  net::private_directory home_;
};

} // namespace crema::command
