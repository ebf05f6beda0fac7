#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace crema::net {

/// Where a process listens or can be reached.
struct address {
  std::string host; ///< a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;

  static auto members(auto& a) { return std::tie(a.host, a.port); }
  bool operator==(const address&) const = default;
};

/// "HOST:PORT", "1.2.3.4:PORT" or "[::1]:PORT". The port is a number; 0, any that is free, only where `any_port` says
/// so. Throws invalid_argument with the text and what it should be.
address parse_address(std::string_view text, bool any_port = false);

/// Addresses with commas between them, one at least.
std::vector<address> parse_addresses(std::string_view text);

/// What parse_address reads.
std::string to_string(const address& where);

/// Whether only processes of this machine can reach it: the name localhost, 127.0.0.0/8 or ::1. Names are not looked
/// up.
bool is_loopback(const address& where);

} // namespace crema::net
