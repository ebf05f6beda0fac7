#pragma once

#include "net/address.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crema::net {

/// Where the controller of a cluster is: what a profile's connection file says, as TOML.
///
///     version = 1
///     cluster = "5f0c…"                  # the fingerprint of the cluster's authority, 64 hex digits
///     epoch = 3                          # how often a controller has started
///     controllers = ["10.0.0.5:7123"]
struct connection {
  std::string cluster;
  std::uint64_t epoch = 0;
  std::vector<address> controllers; ///< of the one controller, at least one

  bool operator==(const connection&) const = default;
};

/// Longer texts are no connection files.
inline constexpr std::size_t max_connection_bytes = 16 << 10;

std::string to_toml(const connection& where);

/// Throws corrupt_data with the line where the text is no TOML, and with the key where one is missing, unknown or
/// wrong.
connection parse_connection(std::string_view text);

} // namespace crema::net
