#include "tests/proc_cluster/proc_cluster.hpp"

#include "net/cluster/cluster_workers.hpp"
#include "net/crema.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace crema::testing {

namespace {

constexpr const char* node_variable = "CREMA_TEST_NODE";

net::link_options short_links() {
  net::link_options links;
  links.liveness = short_liveness;
  return links;
}

void add_children(pid_t of, std::vector<pid_t>& to) {
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator{"/proc/" + std::to_string(of) + "/task", gone}) {
    std::ifstream list{thread.path() / "children"};
    for (pid_t child = 0; list >> child;) {
      to.push_back(child);
      add_children(child, to);
    }
  }
}

/// "socket:[1234]" of each descriptor that is one.
std::set<std::string> sockets_of(pid_t process) {
  std::set<std::string> found;
  std::error_code gone;
  for (const auto& each : std::filesystem::directory_iterator{"/proc/" + std::to_string(process) + "/fd", gone})
    found.insert(std::filesystem::read_symlink(each.path(), gone).string());
  return found;
}

} // namespace

process_tree::process_tree(pid_t root) : all_{root} {
  add_children(root, all_);
}

void process_tree::signal(int number) const {
  for (const auto each : all_)
    ::kill(each, number);
}

std::string node_of_this_process() {
  const char* name = std::getenv(node_variable);
  return name == nullptr ? "" : name;
}

net::address port_of(pid_t process) {
  const auto sockets = sockets_of(process);
  std::ifstream table{"/proc/net/tcp"};
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream words{line};
    const std::vector<std::string> of{std::istream_iterator<std::string>{words}, {}};
    constexpr auto listens = "0A";
    if (of.size() > 9 && of[3] == listens && sockets.contains("socket:[" + of[9] + "]"))
      return {"127.0.0.1", static_cast<std::uint16_t>(std::stoul(of[1].substr(of[1].find(':') + 1), nullptr, 16))};
  }
  return {"127.0.0.1", 1};
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
    std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{}));
}

std::set<long> workers_once(context& ctx, std::size_t wanted) {
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto tasks = static_cast<int>(2 * wanted);
  std::set<long> found;
  while (found.size() != wanted && std::chrono::steady_clock::now() < until) {
    const auto ids = ctx.range(0, tasks, 1, tasks).map([](long) { return long{::getpid()}; }).collect();
    found = {ids.begin(), ids.end()};
  }
  EXPECT_EQ(found.size(), wanted);
  return found;
}

// -------------------------------------------------------------------------------------------------------------------

proc_cluster::proc_cluster(std::uint64_t seed)
    : descriptors_{(static_cast<void>(net::this_executable()), open_descriptors())},
      seed_{seed},
      base_{std::make_unique<loopback_cluster>(short_links(), [this](const std::string& line) {
        const std::lock_guard lock{mutex_};
        log_ += line + '\n';
        logged_.notify_all();
      })} {
  base_->store_this_executable();
}

proc_cluster::~proc_cluster() {
  std::vector<watched_process> processes;
  for (const auto& each : nodes_)
    if (each->daemon().pid() != 0) { // else the test has seen its end
      const auto tree = each->tree();
      for (const auto pid : tree.all())
        processes.emplace_back(pid);
    }
  nodes_.clear(); // killed
  for (const auto& each : processes)
    EXPECT_TRUE(each.ends()) << "a process is left";
  processes.clear();
  base_.reset();
  EXPECT_EQ(open_descriptors(), descriptors_) << "descriptors are left";
}

proc_cluster::node::node(const proc_cluster& of, const std::string& name, const node_setup& setup, std::uint64_t seed) {
  const auto ms = [](std::chrono::milliseconds t) { return std::to_string(t.count()) + "ms"; };
  std::vector<std::string> words{"crema",
                                 "node",
                                 "--profile",
                                 "mars",
                                 "--name",
                                 name,
                                 "--cpu-slots",
                                 std::to_string(setup.slots),
                                 "--memory",
                                 "64MiB",
                                 "--work-dir",
                                 of.base_->work(),
                                 "--heartbeat-interval",
                                 ms(short_liveness.heartbeat),
                                 "--heartbeat-suspect",
                                 ms(short_liveness.suspect),
                                 "--heartbeat-dead",
                                 ms(short_liveness.dead)};
  if (setup.behind_proxy) {
    proxy_ = std::make_unique<link_proxy>([this] { return port_of(pid()); }, seed);
    words.insert(words.end(), {"--advertise", to_string(proxy_->where())});
  }
  words.insert(words.end(), setup.words.begin(), setup.words.end());
  ::setenv(node_variable, name.c_str(), 1);
  daemon_ = std::make_unique<child_program>(CREMA_COMMAND, words);
  ::unsetenv(node_variable);
  pid_ = daemon_->pid();
}

proc_cluster::node& proc_cluster::add(const std::string& name, const node_setup& setup) {
  auto& made = *nodes_.emplace_back(std::make_unique<node>(*this, name, setup, seed_ + nodes_.size()));
  made.daemon().until("\"ready\":\"node\"");
  return made;
}

std::unique_ptr<context> proc_cluster::connect(int nodes) const {
  return std::make_unique<context>(base_->settings(nodes), net::make_worker_engine(net::start_cluster_workers(
                                                             base_->keys(), {.controllers = {base_->controller()},
                                                                             .least = static_cast<std::size_t>(nodes),
                                                                             .links = short_links()})));
}

std::string proc_cluster::log() const {
  const std::lock_guard lock{mutex_};
  return log_;
}

void proc_cluster::await_log(const std::string& part) const {
  std::unique_lock lock{mutex_};
  const auto said = [&] { return log_.find(part) != std::string::npos; };
  EXPECT_TRUE(logged_.wait_for(lock, patience, said)) << "no \"" << part << "\" in " << log_;
}

} // namespace crema::testing
