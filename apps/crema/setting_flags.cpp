#include "apps/crema/commands.hpp"
#include "dataflow/error.hpp"
#include "net/profile.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <unistd.h>

namespace crema::command {

setting_flags::setting_flags(CLI::App& command, const std::vector<std::string>& sections) {
  command.add_option("--profile", profile_, "the cluster's profile")->envname("CREMA_PROFILE")->capture_default_str();
  command.add_option("--config", config_, "a file of settings in place of the profile's config.toml")
    ->check(CLI::ExistingFile);
  command.add_option("--set", assignments_, "any setting, as SECTION.NAME=VALUE (crema config --show lists them)");
  for (const auto& each : all_settings()) {
    if (std::ranges::find(sections, section_of(each)) == sections.end())
      continue;
    flags_.emplace_back(&each, std::make_shared<std::string>());
    command.add_option(flag_of(each), *flags_.back().second, std::string{each.help})
      ->type_name(std::string{each.value});
  }
}

settings_reader setting_flags::read() const {
  settings_reader reader;
  const auto directory = net::config_directory();
  reader.read_file(directory + "/config.toml");
  reader.read_file(config_.empty() ? directory + '/' + profile_ + "/config.toml" : config_);
  reader.read_environment(environ);
  for (const auto& each : assignments_)
    reader.set(each);
  for (const auto& [which, text] : flags_)
    if (!text->empty())
      reader.set(*which, flag_of(*which), *text);
  reader.values();
  return reader;
}

} // namespace crema::command
