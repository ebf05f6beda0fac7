#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace crema::net {

/// Stands where the number of a worker does, for the driver.
inline constexpr int from_driver = -1;

/// Whom a connection to a node's port is meant for, and who makes it: what the one who dials says as TLS's server name.
///
///     to_server_name({token, from_driver}) // "5f0c…e1.driver", and "5f0c…e1.3" from worker 3
///
/// A token names a worker for as long as that lives. It is no secret: who calls proves in the handshake what he is.
struct worker_call {
  std::string token; ///< 128 bits, 32 hexadecimal digits
  int caller = from_driver;

  bool operator==(const worker_call&) const = default;
};

std::string to_server_name(const worker_call& call);

/// None for a name that names no worker.
std::optional<worker_call> parse_worker_call(std::string_view server_name);

/// Another one each time.
std::string new_worker_token();

} // namespace crema::net
