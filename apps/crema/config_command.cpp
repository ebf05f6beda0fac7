#include "apps/crema/commands.hpp"
#include "apps/crema/exit_status.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace crema::command {

void add_config(CLI::App& app, action& chosen) {
  auto* const command = app.add_subcommand("config", "Prints all settings");
  document(*command,
           "Prints all settings as they would be used, each with where it comes from. What it prints is a file "
           "of settings itself.");
  const auto flags = std::make_shared<setting_flags>(*command, std::vector<std::string>{});
  command
    ->add_flag_callback(
      "--show", [] {}, "print them")
    ->required();
  command->callback([&chosen, flags] {
    chosen = [=] {
      std::fputs(flags->read().show().c_str(), stdout);
      return done;
    };
  });
}

} // namespace crema::command
