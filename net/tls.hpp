#pragma once

#include "net/certificate.hpp"
#include "net/profile.hpp"
#include "net/stream.hpp"

#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace crema::net {

/// What a peer has proved to be.
struct peer_identity {
  role is = role::node;
  std::chrono::system_clock::time_point valid_until;
};

class tls_handshake;

/// Which server names a client may ask for: one that is not known here is told so.
enum class server_names { none, any };

/// One process's side of TLS 1.3 with its cluster: only certificates of the cluster's authority count, on both sides,
/// and only those that name one of the expected roles. Nothing else is checked, host names least of all: a node is who
/// has the key, wherever it is.
///
///     tls_context tls{cluster.keys(role::node)};
///     auto handshake = tls.accept(std::move(socket), {role::controller, role::driver});
///
/// One for a process: it is costly to make; copies are the same one. Thread-safe. Sessions are not resumed, so every
/// connection is checked in full. Throws corrupt_data for keys that are none, untrusted for an own certificate that no
/// peer would accept, with the reason.
class tls_context {
public:
  explicit tls_context(credentials own);

  /// Begins the handshake of a connected socket, from the side that listened, or that connected. A server name says
  /// whom behind the port the connection is meant for; everybody on the way can read it.
  tls_handshake accept(descriptor socket, std::vector<role> expected, server_names names = server_names::none) const;
  tls_handshake connect(descriptor socket, std::vector<role> expected, const std::string& server_name = {}) const;

private:
  std::shared_ptr<ssl_ctx_st> context_;
};

/// A connection whose peer has not proved itself yet.
///
/// Nothing blocks; whoever owns it sees to a deadline. No byte of the peer's reaches anybody but OpenSSL before the
/// proof. A client knows that the server believes it only when the server's first bytes have come: `advance` waits for
/// them, so the server must speak first. Not thread-safe.
class tls_handshake {
public:
  enum class state { wants_input, wants_output, done };

  tls_handshake(tls_handshake&&) noexcept;
  ~tls_handshake();

  int native_handle() const noexcept;

  /// Goes on as far as it can. Throws untrusted or unreachable with the reason, which is for this side's log: the peer
  /// is told nothing but that it was refused.
  state advance();

  /// When it is done.
  peer_identity peer() const;
  std::unique_ptr<stream> finish() &&;

  struct session;
  explicit tls_handshake(std::unique_ptr<session> begun) noexcept;

private:
  std::unique_ptr<session> session_;
};

} // namespace crema::net
