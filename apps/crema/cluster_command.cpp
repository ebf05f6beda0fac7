#include "apps/crema/commands.hpp"
#include "apps/crema/exit_status.hpp"
#include "apps/crema/known_nodes.hpp"
#include "apps/crema/local_cluster.hpp"
#include "dataflow/error.hpp"
#include "net/value_text.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace crema::command {

namespace {

using namespace std::chrono_literals;
using net::profile;

constexpr auto time_to_start = 30s;
constexpr auto time_to_stop = 10s;
constexpr auto time_to_answer = 5s;

// -- start ----------------------------------------------------------------------------------------------------------

struct start_options {
  int nodes = 1;
  std::string listen = "127.0.0.1:0";
  std::string node_listen = "127.0.0.1:0";
};

profile open_or_create(const std::string& name) {
  try {
    return profile::open(name);
  } catch (const error& e) {
    if (e.code() != errc::not_found)
      throw;
  }
  auto made = profile::create(name, {net::address{"127.0.0.1", 7123}});
  std::printf("made profile %s in %s\n", name.c_str(), made.path().c_str());
  return made;
}

/// What every node of a cluster on one machine gets: a share of what one node would.
std::vector<std::string> share_of(const settings& wanted, int nodes) {
  const auto count = static_cast<std::uint64_t>(nodes);
  return {"--cpu-slots", std::to_string(std::max<std::uint64_t>(1, wanted.node_cpu_slots / count)),
          "--io-slots",  std::to_string(wanted.node_io_slots),
          "--memory",    std::to_string(std::max<std::uint64_t>(1, wanted.node_memory / count))};
}

void print_ready(const background_process& started) {
  const auto ready = nlohmann::json::parse(started.wait_until_ready(time_to_start));
  std::printf("%-12s %-22s pid %ld\n", started.name().c_str(), ready.at("address").get<std::string>().c_str(),
              ready.at("pid").get<long>());
  std::fflush(stdout);
}

int start(const setting_flags& flags, const start_options& options) {
  const auto wanted = flags.read().values();
  const auto& name = flags.profile();
  open_or_create(name);
  const local_cluster here{name};
  if (!here.running().empty())
    throw error{errc::already_exists,
                "cluster " + name + " runs already: crema cluster status --profile " + name + " shows it"};
  try {
    print_ready(here.start("controller", {"controller", "--profile", name, "--listen", options.listen}));
    std::vector<background_process> nodes;
    for (int i = 1; i <= options.nodes; ++i) {
      const auto node = "node-" + std::to_string(i);
      std::vector<std::string> arguments{"node", "--profile", name, "--name", node, "--listen", options.node_listen};
      std::ranges::copy(share_of(wanted, options.nodes), std::back_inserter(arguments));
      nodes.push_back(here.start(node, std::move(arguments)));
    }
    std::ranges::for_each(nodes, print_ready);
  } catch (...) {
    here.stop(time_to_stop);
    throw;
  }
  std::printf("programs run there with --crema-master=profile:%s\n", name.c_str());
  return done;
}

// -- status, list ---------------------------------------------------------------------------------------------------

const char* state_of(const net::member& node) {
  return node.suspected ? "silent" : node.draining ? "draining" : "up";
}

void print_nodes(const std::vector<net::member>& nodes) {
  std::printf("%-16s %-22s %-8s %5s %5s %8s\n", "NODE", "ADDRESS", "STATE", "CPU", "I/O", "MEMORY");
  for (const auto& each : nodes)
    std::printf("%-16s %-22s %-8s %5u %5u %4llu MiB\n", each.facts.name.c_str(), to_string(each.facts.where).c_str(),
                state_of(each), each.facts.cpu_slots, each.facts.io_slots,
                static_cast<unsigned long long>(each.facts.memory >> 20));
}

/// Of those that `start` has begun: what runs, and what does not.
int print_processes(const local_cluster& here) {
  int status = done;
  for (const auto& each : here.processes()) {
    const auto pid = each.running();
    if (!pid) {
      std::printf("%s has ended by itself; its last words, in %s:\n%s", each.name().c_str(), each.log_path().c_str(),
                  each.last_lines(5).c_str());
      status = failed;
    }
  }
  return status;
}

int status(const std::string& name) {
  const auto of = profile::open(name);
  const int ours = print_processes(local_cluster{name});
  const auto known = ask_for_nodes(of, time_to_answer);
  std::printf("cluster %s, controller at %s, %zu node%s\n", name.c_str(),
              to_string(of.where().controllers.front()).c_str(), known.nodes.size(),
              known.nodes.size() == 1 ? "" : "s");
  print_nodes(known.nodes);
  return ours;
}

int list_clusters() {
  std::printf("%-16s %-22s %s\n", "CLUSTER", "CONTROLLER", "STATE");
  for (const auto& name : profile::list()) {
    std::string where = "-";
    std::string state;
    try {
      const auto of = profile::open(name);
      where = to_string(of.where().controllers.front());
      const auto nodes = ask_for_nodes(of, 1s).nodes;
      const auto draining = std::ranges::count(nodes, true, &net::member::draining);
      state = std::to_string(nodes.size()) + (nodes.size() == 1 ? " node" : " nodes");
      if (draining != 0)
        state += ", " + std::to_string(draining) + " draining";
    } catch (const error& e) {
      state = e.code() == errc::unreachable ? "not running" : e.text();
    }
    std::printf("%-16s %-22s %s\n", name.c_str(), where.c_str(), state.c_str());
  }
  return done;
}

// -- drain, stop, logs ----------------------------------------------------------------------------------------------

int drain(const std::string& name, const std::string& node, const std::string& within) {
  drain_node(profile::open(name), node, net::parse_duration(within));
  const local_cluster here{name};
  for (const auto& each : here.processes())
    if (each.name() == node && each.wait_until_ended(time_to_stop))
      each.remove();
  std::printf("node %s has left cluster %s\n", node.c_str(), name.c_str());
  return done;
}

int stop(const std::string& name) {
  const auto ran = local_cluster{name}.stop(time_to_stop);
  if (ran == 0)
    throw error{errc::not_found, "nothing of cluster " + name + " runs on this machine by crema cluster start"};
  std::printf("stopped %zu process%s\n", ran, ran == 1 ? "" : "es");
  return done;
}

struct log_options {
  std::string of; ///< all where empty
  int lines = 20;
  bool follow = false;
};

/// tail(1) knows how to show the ends of files, and how to go on when they grow.
int logs(const std::string& name, const log_options& options) {
  const local_cluster here{name};
  std::vector<std::string> words{"tail", "-n", std::to_string(options.lines)};
  if (options.follow)
    words.push_back("-F");
  words.push_back("--");
  const auto others = words.size();
  for (const auto& each : here.processes())
    if (options.of.empty() || options.of == each.name())
      words.push_back(each.log_path());
  if (words.size() == others)
    throw error{errc::not_found, options.of.empty() ? "cluster " + name + " was not started on this machine"
                                                    : "cluster " + name + " has no " + options.of + " on this machine"};
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& each : words)
    argv.push_back(each.data());
  argv.push_back(nullptr);
  std::fflush(stdout);
  ::execvp("tail", argv.data());
  throw error{errc::io_failure, "cannot run tail: " + std::generic_category().message(errno)};
}

// -- the command line -----------------------------------------------------------------------------------------------

std::shared_ptr<std::string> profile_option(CLI::App& command) {
  auto name = std::make_shared<std::string>("default");
  command.add_option("--profile", *name, "the cluster's profile")->envname("CREMA_PROFILE")->capture_default_str();
  return name;
}

void add_start(CLI::App& cluster, action& chosen) {
  auto* const command = cluster.add_subcommand("start", "Starts a controller and nodes on this machine");
  document(*command,
           "Makes the profile where there is none, starts a controller and --n nodes, each with its share of the cores "
           "and the memory, and returns when all are ready. They go on until crema cluster stop. Their logs and "
           "process numbers are in $XDG_STATE_HOME/crema/PROFILE or ~/.local/state/crema/PROFILE.");
  const auto flags = std::make_shared<setting_flags>(*command, std::vector<std::string>{});
  const auto options = std::make_shared<start_options>();
  command->add_option("-n,--n", options->nodes, "how many nodes")->check(CLI::Range(1, 256))->capture_default_str();
  command->add_option("--listen", options->listen, "HOST:PORT where the controller listens; port 0 is any that is free")
    ->capture_default_str();
  command->add_option("--node-listen", options->node_listen, "the same for each node")->capture_default_str();
  command->callback([&chosen, flags, options] { chosen = [=] { return start(*flags, *options); }; });
}

void add_drain(CLI::App& cluster, action& chosen) {
  auto* const command = cluster.add_subcommand("drain", "Has a node leave when its work is done");
  document(*command,
           "The node takes no new work: drivers use it no more once the jobs that run there have ended, of "
           "which nothing is computed again, and its process ends with status 0. After --within it leaves all "
           "the same. Returns when the node has left.");
  const auto name = profile_option(*command);
  const auto node = std::make_shared<std::string>();
  const auto within = std::make_shared<std::string>("60s");
  command->add_option("NODE", *node, "its name, as crema cluster status shows it")->required();
  command->add_option("--within", *within, "for how long it may wait for jobs that run there")->capture_default_str();
  command->callback([&chosen, name, node, within] { chosen = [=] { return drain(*name, *node, *within); }; });
}

void add_logs(CLI::App& cluster, action& chosen) {
  auto* const command = cluster.add_subcommand("logs", "Shows the logs of what start has begun");
  const auto name = profile_option(*command);
  const auto options = std::make_shared<log_options>();
  command->add_option("NAME", options->of, "controller, node-1, …; else all");
  command->add_option("--lines", options->lines, "from the end of each")
    ->check(CLI::NonNegativeNumber)
    ->capture_default_str();
  command->add_flag("-f,--follow", options->follow, "goes on with what is added, until Ctrl-C");
  command->callback([&chosen, name, options] { chosen = [=] { return logs(*name, *options); }; });
}

} // namespace

void add_cluster(CLI::App& app, action& chosen) {
  auto* const command = app.add_subcommand("cluster", "Starts, shows and stops whole clusters");
  document(*command, "start runs a cluster on this machine; status and list show any cluster that can be reached.");
  add_start(*command, chosen);

  auto* const status_of = command->add_subcommand("status", "Shows the nodes of a cluster");
  document(*status_of, "Asks the controller. Where start has begun the cluster here, the status is 1 if part of it has "
                       "ended by itself.");
  status_of->callback([&chosen, name = profile_option(*status_of)] { chosen = [=] { return status(*name); }; });

  command->add_subcommand("list", "Shows all profiles and whether their clusters run")->callback([&chosen] {
    chosen = &list_clusters;
  });

  add_drain(*command, chosen);

  auto* const stop_it = command->add_subcommand("stop", "Stops what start has begun");
  document(*stop_it, "Nodes leave first, after a second also where jobs run, then the controller ends. What takes "
                     "longer than 10 s is killed.");
  stop_it->callback([&chosen, name = profile_option(*stop_it)] { chosen = [=] { return stop(*name); }; });

  add_logs(*command, chosen);
}

} // namespace crema::command
