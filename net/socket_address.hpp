#pragma once

#include "net/address.hpp"
#include "net/descriptor.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace crema::net {

/// An address as the system wants it.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// A search for what a name stands for, on a thread of its own. Nothing blocks unless asked to.
class name_lookup {
public:
  explicit name_lookup(const address& where);

  /// What it stands for, in the system's order of preference, once that is known; a number is known at once. Throws
  /// unreachable with the name and the reason.
  std::optional<std::vector<socket_address>> found();

  /// Returns when that is known, or after `patience`.
  void wait(std::chrono::milliseconds patience);

private:
  struct search;
  const address where_;
  std::shared_ptr<search> search_;
};

/// The same, waiting for it. Throws unreachable when `patience` is over, too.
std::vector<socket_address> look_up(const address& where, std::chrono::milliseconds patience);

/// "1.2.3.4:5678", "[::1]:5678".
std::string to_string(const socket_address& where);

/// The same in parts; the host is numeric.
address to_address(const socket_address& where);

/// A socket that listens, not blocking, and the port that it got.
struct listening_socket {
  descriptor socket;
  address where;
};

/// Throws unreachable with the address and the reason.
listening_socket listen_at(const address& where);

/// A socket that is being connected, not blocking: writable when that is over, `connect_result` then says how it went.
descriptor begin_connect(const socket_address& to);

/// An errno; 0 when it is connected.
int connect_result(int socket) noexcept;

/// Small messages leave at once.
void send_at_once(int socket) noexcept;

} // namespace crema::net
