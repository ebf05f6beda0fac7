#pragma once

#include "net/certificate.hpp"
#include "net/connection_file.hpp"
#include "net/private_directory.hpp"

#include <string>
#include <vector>

namespace crema::net {

/// What a process needs to prove itself and to check others: the authority's certificate and a pair of its own.
struct credentials {
  std::string authority;
  key_pair own;
};

/// A cluster's name, keys and place, in ~/.config/crema/NAME/ (or $XDG_CONFIG_HOME/crema/NAME/).
///
///     authority.crt     certificate of the cluster's own authority: what is signed by it is believed
///     authority.key     its private key: signs the others, and is needed for nothing else
///     controller.pem    certificate and private key for the controller,
///     node.pem          for nodes and their workers,
///     driver.pem        for drivers
///     connection.toml   where the controller is
///     config.toml       settings of the crema command, where the user wrote some
///
/// A machine that only runs nodes needs authority.crt, node.pem and connection.toml. Whoever holds a .pem is what it
/// says; whoever holds authority.key is everything. Files are private to their user, or refused
/// (private_directory.hpp).
class profile {
public:
  /// A new profile, whole or not at all. Throws already_exists; invalid_argument for a name that is none: letters,
  /// digits, `_` and `-`, at most 64.
  static profile create(const std::string& name, std::vector<address> controllers);

  /// Throws not_found, naming the profiles that there are.
  static profile open(const std::string& name);

  /// The names of all profiles.
  static std::vector<std::string> list();

  /// Removes its files for good. What crema did not put there stays and is named in the error.
  static void remove(const std::string& name);

  const std::string& name() const noexcept { return name_; }
  const std::string& path() const noexcept { return directory_.path(); }

  /// The fingerprint of the authority.
  std::string cluster() const;

  /// Throws not_found where this machine's copy of the profile has no keys for that role.
  credentials keys(role is) const;

  /// Throws untrusted where the connection file is of another cluster.
  connection where() const;
  void set_where(const connection& where) const;

private:
  profile(std::string name, private_directory directory) : name_{std::move(name)}, directory_{std::move(directory)} {}

  std::string name_;
  private_directory directory_;
};

/// Where profiles are: it need not exist.
std::string config_directory();

} // namespace crema::net
