#include "apps/crema/commands.hpp"
#include "apps/crema/daemon.hpp"
#include "apps/crema/exit_status.hpp"
#include "apps/crema/pid_file.hpp"
#include "dataflow/error.hpp"
#include "net/node.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <unistd.h>

namespace crema::command {

namespace {

net::node_options options_of(const settings& wanted) {
  net::node_options options{.name = wanted.node_name,
                            .listen = wanted.node_listen,
                            .advertise = wanted.node_advertise,
                            .controllers = wanted.node_join,
                            .cpu_slots = wanted.node_cpu_slots,
                            .io_slots = wanted.node_io_slots,
                            .memory = wanted.node_memory,
                            .work_directory = wanted.node_work_dir,
                            .max_executables = wanted.node_max_executables};
  options.links.liveness = wanted.heartbeat;
  return options;
}

int run_node(const setting_flags& flags, const daemon_files& files) {
  const auto wanted = flags.read().values();
  const pid_file alone{files.pid, files.ready};
  const stop_signals signals;
  std::atomic<int> status = done;
  const auto stop = [&](int why, const std::string& reason) {
    log_line(reason);
    status = why;
    ::kill(::getpid(), SIGTERM);
  };
  const net::node_events events{
    .registered =
      [&](const net::node_facts& facts, net::generation is) {
        const nlohmann::json ready{{"ready", "node"},
                                   {"name", facts.name},
                                   {"address", to_string(facts.where)},
                                   {"generation", is},
                                   {"pid", ::getpid()}};
        try {
          announce(ready.dump(), files.ready);
        } catch (const error& e) {
          stop(failed, e.text());
        }
      },
    .refused = [&](const std::string& reason) { stop(refused, "the controller refused this node: " + reason); },
    .log = &log_line};
  net::io_loop loop;
  const net::node running{loop, net::profile::open(flags.profile()), options_of(wanted), events};
  signals.wait();
  signals.let_through();
  return status;
}

} // namespace

void add_node(CLI::App& app, action& chosen) {
  auto* const command = app.add_subcommand("node", "Offers this machine to a cluster");
  document(*command,
           "Registers with the controller, waits for it where it is not there yet, and comes back to it by itself. "
           "It prints one line of JSON whenever it is registered, and logs on standard error. The first SIGTERM "
           "or Ctrl-C leaves the cluster in good order, a second one at once.");
  const auto flags = std::make_shared<setting_flags>(*command, std::vector<std::string>{"node", "heartbeat"});
  const auto files = add_daemon_files(*command);
  command->callback([&chosen, flags, files] { chosen = [=] { return run_node(*flags, *files); }; });
}

} // namespace crema::command
