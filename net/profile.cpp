#include "net/profile.hpp"

#include "dataflow/error.hpp"
#include "dataflow/io/failed_call.hpp"
#include "dataflow/nearest_name.hpp"
#include "net/user_directory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <sys/stat.h>

namespace crema::net {

namespace {

constexpr std::size_t max_key_bytes = 64 << 10;
constexpr std::array<std::string_view, 7> own_files{"authority.crt", "authority.key",   "controller.pem", "node.pem",
                                                    "driver.pem",    "connection.toml", "config.toml"};

std::string pem_of(role is) {
  return std::string{name(is)} + ".pem";
}

bool is_profile_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '-' && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void require_name(const std::string& name) {
  if (!is_profile_name(name))
    throw error{errc::invalid_argument,
                "\"" + name + "\" is no name of a profile: letters, digits, _ and -, 64 at most"};
}

std::string path_of(const std::string& name) {
  return config_directory() + '/' + name;
}

/// The directory of all profiles, made where there is none. Others may look, but whoever could write there could put
/// profiles of their own in place of the user's.
void make_config_directory() {
  const auto path = config_directory();
  std::error_code problem;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), problem);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    throw internal::failed_call("making", path, errno);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw internal::failed_call("opening", path, errno);
  if (status.st_uid != ::geteuid() || (status.st_mode & 022) != 0)
    throw error{errc::untrusted, "'" + path + "' can be written by others: chmod 700 '" + path + "'"};
}

void write_files(const private_directory& into, const std::string& name, std::vector<address> controllers) {
  const auto authority = make_authority(name);
  into.write("authority.crt", authority.certificate);
  into.write("authority.key", authority.key);
  for (const auto is : {role::controller, role::node, role::driver}) {
    const auto pair = issue(authority, is);
    into.write(pem_of(is), pair.certificate + pair.key);
  }
  into.write("connection.toml", to_toml({fingerprint(authority.certificate), 0, std::move(controllers)}));
}

void remove_files(const private_directory& from) {
  for (const auto& each : from.names())
    if (each.ends_with(".tmp") || std::ranges::find(own_files, each) != own_files.end())
      from.remove(each);
  if (::rmdir(from.path().c_str()) != 0)
    throw internal::failed_call("removing", from.path(), errno);
}

} // namespace

std::string config_directory() {
  return user_directory("XDG_CONFIG_HOME", ".config") + "/crema";
}

profile profile::create(const std::string& name, std::vector<address> controllers) {
  require_name(name);
  make_config_directory();
  const auto path = path_of(name);
  // Made under another name and renamed, so that half a profile is never seen.
  const auto temporary = path_of('.' + name + '.' + std::to_string(std::random_device{}()) + ".tmp");
  const auto made = private_directory::create(temporary);
  try {
    write_files(made, name, std::move(controllers));
    if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST)
        throw error{errc::already_exists, "there is a profile \"" + name + "\" already, in '" + path + "'"};
      throw internal::failed_call("making", path, errno);
    }
  } catch (...) {
    remove_files(made);
    throw;
  }
  return open(name);
}

profile profile::open(const std::string& name) {
  require_name(name);
  try {
    return {name, private_directory::open(path_of(name))};
  } catch (const error& e) {
    if (e.code() != errc::not_found)
      throw;
    const auto all = list();
    const std::vector<std::string_view> names{all.begin(), all.end()};
    throw error{errc::not_found, "there is no profile \"" + name + "\" in '" + config_directory() + "'"
                                   + internal::did_you_mean(name, names) + " (crema profile create " + name
                                   + " makes one)"};
  }
}

std::vector<std::string> profile::list() {
  std::vector<std::string> found;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator{config_directory(), problem})
    if (auto name = entry.path().filename().string(); is_profile_name(name) && entry.is_directory(problem))
      found.push_back(std::move(name));
  std::ranges::sort(found);
  return found;
}

void profile::remove(const std::string& name) {
  remove_files(open(name).directory_);
}

std::string profile::cluster() const {
  return fingerprint(directory_.read("authority.crt", max_key_bytes));
}

credentials profile::keys(role is) const {
  const auto pair = directory_.read(pem_of(is), max_key_bytes);
  return {directory_.read("authority.crt", max_key_bytes), {pair, pair}};
}

connection profile::where() const {
  const auto path = directory_.path() + "/connection.toml";
  try {
    auto found = parse_connection(directory_.read("connection.toml", max_connection_bytes));
    if (const auto own = cluster(); found.cluster != own)
      throw error{errc::untrusted, "it is stale: of cluster " + found.cluster.substr(0, 16)
                                     + "…, and this profile's is " + own.substr(0, 16) + "…"};
    return found;
  } catch (const error& e) {
    throw error{e.code(), e.text().find(path) == std::string::npos ? "'" + path + "': " + e.text() : e.text()};
  }
}

void profile::set_where(const connection& where) const {
  directory_.write("connection.toml", to_toml(where));
}

} // namespace crema::net
