#pragma once

#include "apps/crema/settings.hpp"

#include <CLI/App.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace crema::command {

/// What the command line asks for: does it and returns the exit status. Throws crema::error.
using action = std::function<int()>;

// Each adds a command to `app`, which sets `chosen` when the command line names it.
void add_profile(CLI::App& app, action& chosen);
void add_config(CLI::App& app, action& chosen);
void add_doctor(CLI::App& app, action& chosen);
void add_controller(CLI::App& app, action& chosen);
void add_node(CLI::App& app, action& chosen);
void add_cluster(CLI::App& app, action& chosen);

/// What stands below a command's options in its help, and below that the exit statuses.
void document(CLI::App& command, const std::string& text);

/// The flags that a command takes for settings, and the settings that follow.
class setting_flags {
public:
  /// Adds --profile, --config and --set, and a flag for each setting of these sections.
  setting_flags(CLI::App& command, const std::vector<std::string>& sections);

  const std::string& profile() const noexcept { return profile_; }

  /// The user's file, the profile's file or the one given by --config, the environment, and the flags, in this order.
  settings_reader read() const;

private:
  std::string profile_ = "default";
  std::string config_;
  std::vector<std::string> assignments_;
  std::vector<std::pair<const setting*, std::shared_ptr<std::string>>> flags_;
};

} // namespace crema::command
