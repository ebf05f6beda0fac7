#include "apps/crema/commands.hpp"
#include "apps/crema/daemon.hpp"
#include "apps/crema/exit_status.hpp"
#include "apps/crema/pid_file.hpp"
#include "dataflow/error.hpp"
#include "net/node.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <mutex>
#include <optional>
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

/// What the node says to the thread that waits for signals. Thread-safe.
class news {
public:
  void end(int status) {
    const std::lock_guard lock{mutex_};
    status_ = status;
    stop_signals::wake();
  }
  void drain(std::chrono::milliseconds within) {
    const std::lock_guard lock{mutex_};
    drain_ = within;
    stop_signals::wake();
  }

  std::optional<int> ended() const {
    const std::lock_guard lock{mutex_};
    return status_;
  }
  std::optional<std::chrono::milliseconds> asked_to_drain() const {
    const std::lock_guard lock{mutex_};
    return drain_;
  }

private:
  mutable std::mutex mutex_;
  std::optional<int> status_;
  std::optional<std::chrono::milliseconds> drain_;
};

/// Until a signal comes, or somebody wants it to drain, or to end. Then until nothing runs there any more, the time is
/// over, or another signal comes. The status with which it ends.
int run_until_drained(net::node& running, const stop_signals& signals, const news& said,
                      std::chrono::milliseconds within) {
  while (!said.ended() && !said.asked_to_drain() && !signals.wait()) {
  }
  if (!said.ended()) {
    const auto time = said.asked_to_drain().value_or(within);
    log_line("takes no new work, and leaves in " + std::to_string(time.count()) + " ms at the latest");
    running.drain();
    const auto until = std::chrono::steady_clock::now() + time;
    while (!said.ended() && !signals.wait_until(until) && std::chrono::steady_clock::now() < until) {
    }
  }
  return said.ended().value_or(done);
}

int run_node(const setting_flags& flags, const daemon_files& files) {
  const auto wanted = flags.read().values();
  const pid_file alone{files.pid, files.ready};
  const stop_signals signals;
  news said;
  const auto stop = [&](int why, const std::string& reason) {
    log_line(reason);
    said.end(why);
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
    .log = &log_line,
    .drain_asked = [&](std::chrono::milliseconds within) { said.drain(within); },
    .drained = [&] { said.end(done); }};
  net::io_loop loop;
  net::node running{loop, net::profile::open(flags.profile()), options_of(wanted), events};
  const int status = run_until_drained(running, signals, said, wanted.node_drain);
  signals.let_through();
  return status;
}

} // namespace

void add_node(CLI::App& app, action& chosen) {
  auto* const command = app.add_subcommand("node", "Offers this machine to a cluster");
  document(*command,
           "Registers with the controller, waits for it where it is not there yet, and comes back to it by itself. "
           "It prints one line of JSON whenever it is registered, and logs on standard error. The first SIGTERM "
           "or Ctrl-C drains it: it takes no new work, and leaves the cluster when what runs there has ended. A second "
           "one has it leave at once, a third one just ends it.");
  const auto flags = std::make_shared<setting_flags>(*command, std::vector<std::string>{"node", "heartbeat"});
  const auto files = add_daemon_files(*command);
  command->callback([&chosen, flags, files] { chosen = [=] { return run_node(*flags, *files); }; });
}

} // namespace crema::command
