#pragma once

#include "net/address.hpp"
#include "net/liveness.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crema::command {

/// What the crema command can be told, and its defaults.
struct settings {
  net::address controller_listen{"127.0.0.1", 7123};
  std::optional<net::address> controller_advertise;

  std::vector<net::address> node_join;
  std::string node_name;
  net::address node_listen{"127.0.0.1", 0};
  std::optional<net::address> node_advertise;
  std::uint32_t node_cpu_slots;
  std::uint32_t node_io_slots = 256;
  std::uint64_t node_memory;
  std::string node_work_dir;
  std::uint64_t node_max_executables = std::uint64_t{2} << 30;
  std::chrono::milliseconds node_drain{60'000};

  net::liveness_limits heartbeat;

  settings();
};

/// One of them: "node.cpu_slots", which is `cpu_slots` in the table [node] of a file, CREMA_NODE__CPU_SLOTS in the
/// environment, and --cpu-slots where a command takes it.
struct setting {
  std::string_view key;
  std::string_view value; ///< what stands for the value in help: "N"
  std::string_view help;
  void (*apply)(settings& to, std::string_view text); ///< throws invalid_argument with what was expected
  std::string (*show)(const settings& of);            ///< as apply takes it; "" for none
};

std::span<const setting> all_settings();

std::string section_of(const setting& one);  ///< "node"
std::string name_of(const setting& one);     ///< "cpu_slots"
std::string variable_of(const setting& one); ///< "CREMA_NODE__CPU_SLOTS"
std::string flag_of(const setting& one);     ///< "--cpu-slots", "--heartbeat-suspect"

/// Values from all places, each with where it came from. What is read later wins.
class settings_reader {
public:
  /// The text of a TOML file. Throws invalid_argument with path and line for what is no TOML, an unknown key (with the
  /// nearest one), and a value that cannot be.
  void read_toml(const std::string& path, std::string_view text);

  /// Reads a file that the user may have written; nothing happens where there is none.
  void read_file(const std::string& path);

  /// All variables CREMA_A__B of `environment`, a list of "NAME=VALUE" that ends with null.
  void read_environment(const char* const* environment);

  /// `flag` is what the user wrote: "--cpu-slots".
  void set(const setting& to, const std::string& flag, std::string_view text);

  /// "node.cpu_slots=4", as --set takes it.
  void set(std::string_view assignment);

  /// Throws invalid_argument where values do not go together.
  const settings& values() const;

  /// "default", "/home/me/.config/crema/config.toml:3", "CREMA_NODE__CPU_SLOTS", "--cpu-slots".
  std::string origin_of(const setting& one) const;

  /// All values as a TOML file that says so, each with its origin as a comment.
  std::string show() const;

private:
  void apply(const setting& to, std::string origin, std::string_view text);

  settings values_;
  std::map<std::string_view, std::string> origins_;
};

} // namespace crema::command
