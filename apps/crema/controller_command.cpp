#include "apps/crema/commands.hpp"
#include "apps/crema/daemon.hpp"
#include "apps/crema/exit_status.hpp"
#include "apps/crema/pid_file.hpp"
#include "net/controller.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <unistd.h>

namespace crema::command {

namespace {

int run_controller(const setting_flags& flags, const daemon_files& files) {
  const auto wanted = flags.read().values();
  const pid_file alone{files.pid, files.ready};
  const stop_signals signals;
  net::io_loop loop;
  net::controller_options options{.listen = wanted.controller_listen, .advertise = wanted.controller_advertise};
  options.links.liveness = wanted.heartbeat;
  const net::controller running{loop, net::profile::open(flags.profile()), options, &log_line};
  const nlohmann::json ready{
    {"ready", "controller"}, {"address", to_string(running.where())}, {"epoch", running.epoch()}, {"pid", ::getpid()}};
  announce(ready.dump(), files.ready);
  signals.wait();
  signals.let_through();
  return done;
}

} // namespace

void add_controller(CLI::App& app, action& chosen) {
  auto* const command = app.add_subcommand("controller", "Keeps the list of a cluster's nodes");
  document(*command,
           "Nodes register here, drivers ask here who is there. Running jobs do without it, so it may be stopped and "
           "started again. It writes where it is into the profile's connection file, prints one line of JSON "
           "when it is ready, and logs on standard error. SIGTERM or Ctrl-C ends it.");
  const auto flags = std::make_shared<setting_flags>(*command, std::vector<std::string>{"controller", "heartbeat"});
  const auto files = add_daemon_files(*command);
  command->callback([&chosen, flags, files] { chosen = [=] { return run_controller(*flags, *files); }; });
}

} // namespace crema::command
