#include "apps/crema/local_cluster.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

namespace crema::command {

namespace {

using namespace std::chrono_literals;

constexpr auto time_to_drain = 1s;
constexpr auto time_to_die = 5s;

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

/// Sends the signal to those that run; whether all end by then.
bool ended_by(int signal, std::span<const background_process> those, std::chrono::steady_clock::time_point until) {
  for (const auto& each : those)
    each.signal(signal);
  bool ended = true;
  for (const auto& each : those) {
    const auto left = until - std::chrono::steady_clock::now();
    ended = each.wait_until_ended(std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(left))) && ended;
  }
  return ended;
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
  const auto controllers =
    std::stable_partition(all.begin(), all.end(), [](const auto& each) { return each.name() != "controller"; });
  // All nodes at once: the first signal drains them, the second has them leave. The controller when they have said
  // goodbye to it.
  const auto until = std::chrono::steady_clock::now() + patience;
  const std::span nodes{all.begin(), controllers};
  if (!ended_by(SIGTERM, nodes, std::min(until, std::chrono::steady_clock::now() + time_to_drain)))
    ended_by(SIGTERM, nodes, until);
  ended_by(SIGKILL, nodes, std::chrono::steady_clock::now() + time_to_die);
  const std::span controller{controllers, all.end()};
  ended_by(SIGTERM, controller, until);
  ended_by(SIGKILL, controller, std::chrono::steady_clock::now() + time_to_die);
  for (const auto& each : all)
    each.remove();
  return ran;
}

} // namespace crema::command
