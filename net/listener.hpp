#pragma once

#include "net/io_loop.hpp"
#include "net/socket_address.hpp"
#include "net/tls.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace crema::net {

struct listener_options {
  std::vector<role> expected{}; ///< the roles that may connect
  std::chrono::milliseconds handshake_deadline{5000};
  std::size_t max_unproven = 64; ///< connections that have not proved themselves; more are refused at once

  /// Asked, on the loop's thread, for each connection that asks for a server name, before anything of it is read away.
  /// Where it is true, the connection is taken care of elsewhere: `socket` was moved away, or passed on and can be
  /// closed. Else the peer is told that there is nobody of that name. An error refuses it, with its text in the log.
  std::function<bool(std::string_view server_name, descriptor& socket)> route{};
};

/// One TCP port, behind which stand only peers that have proved themselves.
///
///     listener door{loop, tls, listen_at(where), {.expected = {role::node, role::driver}},
///                   [&](accepted peer) { link::open(loop, std::move(peer.connection), …); },
///                   [&](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }};
///
/// A stranger costs this process a descriptor and OpenSSL's state of a handshake, until the deadline, and gets nothing.
/// There is no way to listen without keys. Refusals are logged with the peer's address and the reason, at a limited
/// rate. When descriptors run out, it rests and tries again. The functions are called on the loop's thread; nothing is
/// logged without the last one.
class listener {
public:
  struct accepted {
    std::unique_ptr<stream> connection; ///< the peer waits for the first bytes: open a link, which sends some
    peer_identity peer;
    std::string from;
  };
  using on_peer = std::function<void(accepted peer)>;
  using on_log = std::function<void(const std::string& line)>;

  /// `loop` must outlive it.
  listener(io_loop& loop, const tls_context& tls, listening_socket port, listener_options options, on_peer welcome,
           on_log log);

  /// Once it is gone, nothing is called any more. Not on the loop's thread.
  ~listener();

  /// Where it listens.
  const address& where() const noexcept { return where_; }

private:
  class door;

  io_loop& loop_;
  address where_;
  std::shared_ptr<door> door_;
};

} // namespace crema::net
