#include "apps/crema/settings.hpp"

#include "dataflow/error.hpp"
#include "dataflow/machine_limits.hpp"
#include "dataflow/nearest_name.hpp"
#include "net/value_text.hpp"
#include "net/work_directory.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <sstream>

namespace crema::command {

namespace {

using net::parse_address;

constexpr std::size_t max_file_bytes = 1 << 20;

std::uint32_t slots(std::string_view text) {
  constexpr auto expected = "expected a number from 1 to 100000";
  const auto n = net::parse_number(text, 100'000, expected);
  if (n == 0)
    throw error{errc::invalid_argument, expected};
  return static_cast<std::uint32_t>(n);
}

std::optional<net::address> optional_address(std::string_view text) {
  return text.empty() ? std::optional<net::address>{} : parse_address(text);
}

std::string shown(const std::optional<net::address>& where) {
  return where ? to_string(*where) : "";
}

std::string shown(const std::vector<net::address>& list) {
  std::string text;
  for (const auto& each : list)
    text += (text.empty() ? "" : ",") + to_string(each);
  return text;
}

std::string shown(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + "ms";
}

constexpr std::array table{
  setting{"controller.listen", "HOST:PORT", "where the controller listens",
          [](settings& s, std::string_view v) { s.controller_listen = parse_address(v, true); },
          [](const settings& s) { return to_string(s.controller_listen); }},
  setting{"controller.advertise", "HOST:PORT", "what nodes and drivers dial; else where it listens",
          [](settings& s, std::string_view v) { s.controller_advertise = optional_address(v); },
          [](const settings& s) { return shown(s.controller_advertise); }},
  setting{"node.join", "HOST:PORT,...", "the controller's addresses; else those of the profile's connection file",
          [](settings& s, std::string_view v) {
            s.node_join = v.empty() ? std::vector<net::address>{} : net::parse_addresses(v);
          },
          [](const settings& s) { return shown(s.node_join); }},
  setting{"node.name", "NAME", "what logs call the node; else its address",
          [](settings& s, std::string_view v) { s.node_name = v; }, [](const settings& s) { return s.node_name; }},
  setting{"node.listen", "HOST:PORT", "where the node listens; port 0 is any that is free",
          [](settings& s, std::string_view v) { s.node_listen = parse_address(v, true); },
          [](const settings& s) { return to_string(s.node_listen); }},
  setting{"node.advertise", "HOST:PORT", "what others dial; else where it listens",
          [](settings& s, std::string_view v) { s.node_advertise = optional_address(v); },
          [](const settings& s) { return shown(s.node_advertise); }},
  setting{"node.cpu_slots", "N", "tasks that compute at a time; else the cores",
          [](settings& s, std::string_view v) { s.node_cpu_slots = slots(v); },
          [](const settings& s) { return std::to_string(s.node_cpu_slots); }},
  setting{"node.io_slots", "N", "tasks that wait for answers at a time",
          [](settings& s, std::string_view v) { s.node_io_slots = slots(v); },
          [](const settings& s) { return std::to_string(s.node_io_slots); }},
  setting{"node.memory", "BYTES", "memory for records, such as 2G or 25%; else half of what the machine allows",
          [](settings& s, std::string_view v) { s.node_memory = net::parse_memory(v); },
          [](const settings& s) { return std::to_string(s.node_memory); }},
  setting{"node.work_dir", "DIR", "drivers' executables, and where their workers run; else ~/.cache/crema",
          [](settings& s, std::string_view v) { s.node_work_dir = net::parse_path(v); },
          [](const settings& s) { return s.node_work_dir; }},
  setting{"node.max_executables", "BYTES", "how much of drivers' executables is kept, such as 2G",
          [](settings& s, std::string_view v) { s.node_max_executables = net::parse_memory(v); },
          [](const settings& s) { return std::to_string(s.node_max_executables); }},
  setting{"node.drain", "TIME", "how long the node, when it is to end, waits for what runs on it",
          [](settings& s, std::string_view v) { s.node_drain = net::parse_duration(v); },
          [](const settings& s) { return shown(s.node_drain); }},
  setting{"heartbeat.interval", "TIME", "how often a silent side gives a sign of life",
          [](settings& s, std::string_view v) { s.heartbeat.heartbeat = net::parse_duration(v); },
          [](const settings& s) { return shown(s.heartbeat.heartbeat); }},
  setting{"heartbeat.suspect", "TIME", "after how much silence a peer gets no new work",
          [](settings& s, std::string_view v) { s.heartbeat.suspect = net::parse_duration(v); },
          [](const settings& s) { return shown(s.heartbeat.suspect); }},
  setting{"heartbeat.dead", "TIME", "after how much silence a peer is given up",
          [](settings& s, std::string_view v) { s.heartbeat.dead = net::parse_duration(v); },
          [](const settings& s) { return shown(s.heartbeat.dead); }},
};

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
  throw error{errc::invalid_argument, where + ": " + what};
}

const setting* find(std::string_view key) {
  const auto found = std::ranges::find(table, key, &setting::key);
  return found == table.end() ? nullptr : found;
}

[[noreturn]] void refuse_unknown(const std::string& where, std::string_view what,
                                 const std::vector<std::string>& known) {
  const std::vector<std::string_view> names{known.begin(), known.end()};
  refuse(where, "unknown " + std::string{what} + internal::did_you_mean(what.substr(what.find(' ') + 1), names));
}

std::vector<std::string> texts(std::string (*of)(const setting&), std::string_view section = {}) {
  std::vector<std::string> all;
  for (const auto& each : table)
    if (section.empty() || section_of(each) == section)
      all.push_back(of(each));
  return all;
}

std::string place(const std::string& path, const toml::source_region& where) {
  return path + ':' + std::to_string(where.begin.line);
}

std::string text_of(const std::string& where, const toml::node& value) {
  if (const auto text = value.value_exact<std::string>())
    return *text;
  if (const auto number = value.value_exact<std::int64_t>())
    return std::to_string(*number);
  refuse(where, "expected a text or a whole number");
}

/// Nobody can dial what stands for every address of a machine.
void require_dialable(const std::string& section, const net::address& listen,
                      const std::optional<net::address>& advertise) {
  if ((listen.host == "0.0.0.0" || listen.host == "::") && !advertise)
    refuse(section + ".listen \"" + to_string(listen) + '"',
           "that is every address of this machine; set " + section + ".advertise to the one that others dial");
}

toml::table parse(const std::string& path, std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& e) {
    refuse(place(path, e.source()), std::string{e.description()});
  }
}

} // namespace

settings::settings()
    : node_cpu_slots{static_cast<std::uint32_t>(internal::default_threads())},
      node_memory{internal::default_memory_limit()},
      node_work_dir{net::default_work_directory()} {}

std::span<const setting> all_settings() {
  return table;
}

std::string section_of(const setting& one) {
  return std::string{one.key.substr(0, one.key.find('.'))};
}

std::string name_of(const setting& one) {
  return std::string{one.key.substr(one.key.find('.') + 1)};
}

std::string variable_of(const setting& one) {
  std::string text = "CREMA_";
  for (const char c : one.key)
    if (c == '.')
      text += "__";
    else
      text += c >= 'a' && c <= 'z' ? char(c - 32) : c;
  return text;
}

std::string flag_of(const setting& one) {
  auto text = section_of(one) == "heartbeat" ? "--heartbeat-" + name_of(one) : "--" + name_of(one);
  std::ranges::replace(text, '_', '-');
  return text;
}

void settings_reader::read_toml(const std::string& path, std::string_view text) {
  const auto file = parse(path, text);
  for (const auto& [section, content] : file) {
    const auto where = place(path, section.source());
    const auto names = texts(&name_of, section.str());
    if (names.empty())
      refuse_unknown(where, "table " + std::string{section.str()}, texts(&section_of));
    if (!content.is_table())
      refuse(where, '"' + std::string{section.str()} + "\" is a table: [" + std::string{section.str()} + ']');
    for (const auto& [key, value] : *content.as_table()) {
      const auto its_place = place(path, key.source());
      const auto* const to = find(std::string{section.str()} + '.' + std::string{key.str()});
      if (to == nullptr)
        refuse_unknown(its_place, "key " + std::string{key.str()}, names);
      apply(*to, its_place, text_of(its_place, value));
    }
  }
}

void settings_reader::read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file)
    return;
  std::string text(max_file_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > max_file_bytes)
    refuse(path, "a file of settings has 1 MiB at most");
  read_toml(path, text);
}

void settings_reader::read_environment(const char* const* environment) {
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    const auto name = variable.substr(0, variable.find('='));
    if (!name.starts_with("CREMA_") || name.find("__") == std::string_view::npos || name.size() == variable.size())
      continue;
    const auto to = std::ranges::find_if(table, [&](const setting& each) { return variable_of(each) == name; });
    if (to == table.end())
      refuse_unknown("the environment", "variable " + std::string{name}, texts(&variable_of));
    apply(*to, std::string{name}, variable.substr(name.size() + 1));
  }
}

void settings_reader::set(const setting& to, const std::string& flag, std::string_view text) {
  apply(to, flag, text);
}

void settings_reader::set(std::string_view assignment) {
  const auto key = assignment.substr(0, assignment.find('='));
  if (key.size() == assignment.size())
    refuse("--set " + std::string{assignment}, "expected KEY=VALUE, such as node.cpu_slots=4");
  const auto* const to = find(key);
  if (to == nullptr)
    refuse_unknown("--set", "key " + std::string{key}, texts([](const setting& s) { return std::string{s.key}; }));
  apply(*to, "--set " + std::string{key}, assignment.substr(key.size() + 1));
}

void settings_reader::apply(const setting& to, std::string origin, std::string_view text) {
  try {
    to.apply(values_, text);
  } catch (const error& e) {
    refuse(origin, std::string{to.key} + " \"" + std::string{text} + "\": " + e.text());
  }
  origins_[to.key] = std::move(origin);
}

const settings& settings_reader::values() const {
  net::validate(values_.heartbeat);
  require_dialable("controller", values_.controller_listen, values_.controller_advertise);
  require_dialable("node", values_.node_listen, values_.node_advertise);
  return values_;
}

std::string settings_reader::origin_of(const setting& one) const {
  const auto found = origins_.find(one.key);
  return found == origins_.end() ? "default" : found->second;
}

std::string settings_reader::show() const {
  std::ostringstream text;
  std::string section;
  for (const auto& each : table) {
    if (section != section_of(each)) {
      text << (section.empty() ? "[" : "\n[") << section_of(each) << "]\n";
      section = section_of(each);
    }
    std::ostringstream line;
    line << name_of(each) << " = " << toml::value<std::string>{each.show(values_)};
    auto padded = line.str();
    padded.resize(std::max<std::size_t>(padded.size() + 1, 36), ' ');
    text << padded << "# " << origin_of(each) << '\n';
  }
  return std::move(text).str();
}

} // namespace crema::command
