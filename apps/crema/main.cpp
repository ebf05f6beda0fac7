#include "apps/crema/commands.hpp"
#include "apps/crema/exit_status.hpp"
#include "dataflow/nearest_name.hpp"
#include "net/cluster_peer.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace crema;
using namespace crema::command;

constexpr auto description =
  "Runs the clusters on which crema programs work: profiles with their keys, the controller, and nodes.";

constexpr auto manual =
  "Examples:\n"
  "  crema cluster start --n=2\n"
  "  crema profile create mars --host 10.0.0.5:7123\n"
  "  crema controller --profile mars --listen 10.0.0.5:7123\n"
  "  crema node --profile mars --listen 10.0.0.6:0 --cpu-slots 8\n"
  "  crema doctor 10.0.0.5:7123 --profile mars\n"
  "\n"
  "Files, in $XDG_CONFIG_HOME/crema or ~/.config/crema:\n"
  "  config.toml            settings for all profiles\n"
  "  NAME/config.toml       settings for a profile\n"
  "  NAME/connection.toml   where its controller is\n"
  "  NAME/*.pem, *.key      its keys: whoever has them is a node, a driver, or everything\n"
  "\n"
  "Environment:\n"
  "  CREMA_PROFILE          the profile where --profile names none\n"
  "  CREMA_A__B             the setting a.b, such as CREMA_NODE__CPU_SLOTS=4\n"
  "\n"
  "A flag wins over the environment, which wins over the profile's file, which wins over the user's.\n";

/// Says what there is below the command that was named.
int ask_for_more(const CLI::App& app) {
  const auto* named = &app;
  std::string before;
  for (; !named->get_subcommands().empty(); named = named->get_subcommands().front())
    before += named->get_name() + ' ';
  std::fputs(named->help(before).c_str(), stderr);
  return wrong_usage;
}

int fail(int status, const std::string& text) {
  std::fprintf(stderr, "crema: %s\n", text.c_str());
  return status;
}

/// The command that the command line names, as far as it names one.
const CLI::App& named_in(const CLI::App& app) {
  const auto* named = &app;
  while (!named->get_subcommands().empty())
    named = named->get_subcommands().front();
  return *named;
}

/// Says what the argument that nobody expects might have been.
int refuse_unknown(const CLI::App& app) {
  const auto& named = named_in(app);
  std::vector<std::string> known;
  for (const auto* each : named.get_options())
    for (const auto& name : each->get_lnames())
      known.push_back("--" + name);
  for (const auto* each : named.get_subcommands([](const CLI::App* /*any*/) { return true; }))
    known.push_back(each->get_name());
  const auto unknown = app.remaining(true).front();
  const auto name = unknown.substr(0, unknown.find('='));
  return fail(wrong_usage, "unknown argument " + name
                             + internal::did_you_mean(name, std::vector<std::string_view>{known.begin(), known.end()}));
}

} // namespace

namespace crema::command {

void document(CLI::App& command, const std::string& text) {
  command.footer(text + (text.ends_with('\n') ? "" : "\n") + exit_status_help);
}

} // namespace crema::command

int main(int argc, char** argv) {
  CLI::App app{description, "crema"};
  action chosen;
  app.set_version_flag("--version", std::string{net::crema_version()});
  document(app, manual);
  add_profile(app, chosen);
  add_config(app, chosen);
  add_doctor(app, chosen);
  add_controller(app, chosen);
  add_node(app, chosen);
  add_cluster(app, chosen);
  try {
    app.parse(argc, argv);
    if (!chosen)
      return ask_for_more(app);
    const int status = chosen();
    return std::fflush(stdout) == 0 ? status : fail(failed, "standard output cannot be written");
  } catch (const CLI::ExtrasError& /*e*/) {
    return refuse_unknown(app);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? done : wrong_usage;
  } catch (const error& e) {
    return fail(exit_status(e.code()), e.text());
  } catch (const std::exception& e) {
    return fail(failed, e.what());
  }
}
