#include "net/connection_file.hpp"

#include "dataflow/error.hpp"
#include "dataflow/nearest_name.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <toml++/toml.h>

namespace crema::net {

namespace {

constexpr std::int64_t file_version = 1;
constexpr std::array<std::string_view, 4> keys{"cluster", "controllers", "epoch", "version"};

[[noreturn]] void refuse_file(const std::string& what) {
  throw error{errc::corrupt_data, "this is no connection file: " + what};
}

toml::table parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& e) {
    refuse_file("line " + std::to_string(e.source().begin.line) + ": " + std::string{e.description()});
  }
}

template <class T>
T required(const toml::table& file, std::string_view key, const char* what) {
  const auto* found = file.get(key);
  if (found == nullptr)
    refuse_file("it has no \"" + std::string{key} + "\"; was it cut?");
  const auto value = found->value_exact<T>();
  if (!value)
    refuse_file('"' + std::string{key} + "\" must be " + what);
  return *value;
}

std::vector<address> addresses(const toml::table& file) {
  const auto* list = file.get_as<toml::array>("controllers");
  if (list == nullptr || list->empty())
    refuse_file("\"controllers\" must be a list of addresses, one at least");
  std::vector<address> found;
  for (const auto& each : *list) {
    const auto text = each.value_exact<std::string>();
    if (!text)
      refuse_file("\"controllers\" must be a list of texts");
    found.push_back(parse_address(*text));
  }
  return found;
}

bool is_fingerprint(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

} // namespace

std::string to_toml(const connection& where) {
  toml::array controllers;
  for (const auto& each : where.controllers)
    controllers.push_back(to_string(each));
  std::ostringstream text;
  text << "# Where the controller of this cluster is; written by crema.\n"
       << toml::table{{"version", file_version},
                      {"cluster", where.cluster},
                      {"epoch", static_cast<std::int64_t>(where.epoch)},
                      {"controllers", std::move(controllers)}}
       << '\n';
  return std::move(text).str();
}

connection parse_connection(std::string_view text) {
  const auto file = parse(text);
  if (const auto found = required<std::int64_t>(file, "version", "a number"); found != file_version)
    refuse_file("its version is " + std::to_string(found) + ", this crema reads " + std::to_string(file_version));
  for (const auto& [key, value] : file)
    if (std::ranges::find(keys, key.str()) == keys.end())
      refuse_file("unknown key \"" + std::string{key.str()} + '"' + internal::did_you_mean(key.str(), keys));
  connection where;
  where.cluster = required<std::string>(file, "cluster", "a text");
  if (!is_fingerprint(where.cluster))
    refuse_file("\"cluster\" must be 64 hex digits");
  const auto epoch = required<std::int64_t>(file, "epoch", "a number");
  if (epoch < 0)
    refuse_file("\"epoch\" must not be negative");
  where.epoch = static_cast<std::uint64_t>(epoch);
  try {
    where.controllers = addresses(file);
  } catch (const error& e) {
    if (e.code() == errc::invalid_argument)
      refuse_file(e.text());
    throw;
  }
  return where;
}

} // namespace crema::net
