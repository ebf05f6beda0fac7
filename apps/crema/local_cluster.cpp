#include "apps/crema/local_cluster.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace crema::command {

namespace {

std::string state_directory() {
  const auto* const state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/')
    return std::string{state} + "/crema";
  const auto* const home = std::getenv("HOME");
  if (home == nullptr || *home != '/')
    throw error{errc::not_found, "neither $XDG_STATE_HOME nor $HOME says where to keep logs"};
  return std::string{home} + "/.local/state/crema";
}

net::private_directory private_home(const std::string& profile) {
  const auto above = state_directory();
  std::error_code problem;
  std::filesystem::create_directories(above, problem);
  if (problem)
    throw error{errc::io_failure, "cannot make '" + above + "': " + problem.message()};
  const auto path = above + '/' + profile;
  try {
    return net::private_directory::open(path);
  } catch (const error& e) {
    if (e.code() != errc::not_found)
      throw;
  }
  return net::private_directory::create(path);
}

/// The controller first, "node-2" before "node-10".
bool comes_before(const background_process& a, const background_process& b) {
  const auto order = [](const std::string& name) { return std::tuple{name != "controller", name.size(), name}; };
  return order(a.name()) < order(b.name());
}

} // namespace

local_cluster::local_cluster(const std::string& profile) : home_{private_home(profile)} {}

std::vector<background_process> local_cluster::processes() const {
  constexpr std::string_view suffix = ".pid";
  std::vector<background_process> all;
  for (const auto& name : home_.names())
    if (name.ends_with(suffix))
      all.emplace_back(home_, name.substr(0, name.size() - suffix.size()));
  std::sort(all.begin(), all.end(), comes_before);
  return all;
}

std::vector<background_process> local_cluster::running() const {
  auto all = processes();
  std::erase_if(all, [](const auto& each) { return !each.running(); });
  return all;
}

std::size_t local_cluster::stop(std::chrono::milliseconds patience) const {
  auto all = processes();
  const auto ran = running().size();
  std::reverse(all.begin(), all.end());
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto left = [until] {
    return std::max(std::chrono::milliseconds{0},
                    std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()));
  };
  // All nodes at once; the controller when they have said goodbye to it.
  for (const bool controller : {false, true}) {
    for (const auto& each : all)
      if ((each.name() == "controller") == controller)
        each.signal(SIGTERM);
    for (const auto& each : all)
      if ((each.name() == "controller") == controller && !each.wait_until_ended(left())) {
        each.signal(SIGKILL);
        each.wait_until_ended(std::chrono::seconds{5});
      }
  }
  for (const auto& each : all)
    each.remove();
  return ran;
}

} // namespace crema::command
