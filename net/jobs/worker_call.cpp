#include "net/jobs/worker_call.hpp"

#include <algorithm>
#include <charconv>
#include <random>

namespace crema::net {

namespace {

constexpr std::size_t token_length = 32;
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view driver = "driver";

bool is_token(std::string_view text) {
  return text.size() == token_length && text.find_first_not_of(hex_digits) == std::string_view::npos;
}

} // namespace

std::string to_server_name(const worker_call& call) {
  return call.token + '.' + (call.caller == from_driver ? std::string{driver} : std::to_string(call.caller));
}

std::optional<worker_call> parse_worker_call(std::string_view server_name) {
  const auto dot = std::min(server_name.find('.'), server_name.size());
  const auto token = server_name.substr(0, dot);
  if (!is_token(token) || dot == server_name.size())
    return {};
  worker_call call{std::string{token}};
  const auto caller = server_name.substr(dot + 1);
  if (caller == driver)
    return call;
  const auto [end, problem] = std::from_chars(caller.data(), caller.data() + caller.size(), call.caller);
  if (problem != std::errc{} || end != caller.data() + caller.size() || call.caller < 0)
    return {};
  return call;
}

std::string new_worker_token() {
  std::random_device random;
  std::string token;
  while (token.size() != token_length)
    token += hex_digits[random() % hex_digits.size()];
  return token;
}

} // namespace crema::net
