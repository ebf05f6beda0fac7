#include "net/address.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <netinet/in.h>

namespace crema::net {

namespace {

[[noreturn]] void refuse(std::string_view text, const char* why) {
  throw error{errc::invalid_argument, "address \"" + std::string{text} + "\": " + why
                                        + "; expected HOST:PORT, such as 10.0.0.5:7123 or [::1]:7123"};
}

bool is_ipv6(const std::string& host) {
  in6_addr ignored;
  return ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

/// Letters, digits, dots, hyphens and underscores, as in names that are looked up and in IPv4 addresses.
bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '-' && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-'
           || c == '_';
  });
}

std::uint16_t parse_port(std::string_view text, std::string_view digits, bool any_port) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size() || (port == 0 && !any_port))
    refuse(text, any_port ? "the port is no number from 0 to 65535" : "the port is no number from 1 to 65535");
  return port;
}

} // namespace

address parse_address(std::string_view text, bool any_port) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    refuse(text, "it has no port");
  auto host = std::string{text.substr(0, colon)};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  if (bracketed ? !is_ipv6(host) : !is_host(host))
    refuse(text, host.find(':') == std::string::npos ? "the host is none" : "an IPv6 address stands in brackets");
  return {std::move(host), parse_port(text, text.substr(colon + 1), any_port)};
}

std::vector<address> parse_addresses(std::string_view text) {
  std::vector<address> found;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    found.push_back(parse_address(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return found;
}

std::string to_string(const address& where) {
  const bool brackets = where.host.find(':') != std::string::npos;
  return (brackets ? '[' + where.host + ']' : where.host) + ':' + std::to_string(where.port);
}

bool is_loopback(const address& where) {
  if (where.host == "localhost")
    return true;
  in_addr v4;
  if (::inet_pton(AF_INET, where.host.c_str(), &v4) == 1)
    return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return ::inet_pton(AF_INET6, where.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

} // namespace crema::net
