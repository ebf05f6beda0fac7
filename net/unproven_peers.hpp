#pragma once

#include "net/io_loop.hpp"
#include "net/limited_log.hpp"
#include "net/tls.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace crema::net {

/// What those meet who have not proved themselves.
struct unproven_options {
  std::chrono::milliseconds deadline{5000};
  std::size_t most = 64; ///< at a time; more are refused at once
  server_names names = server_names::none;

  /// Asked for each connection that asks for a server name, before anything of it is read away. Where it is true, the
  /// connection is taken care of elsewhere: `socket` was moved away or can be closed. An error refuses it.
  std::function<bool(std::string_view server_name, descriptor& socket)> route{};
};

/// Connections whose peers have not proved themselves yet: sees to their handshakes, deadlines, and that they are few.
///
/// Whoever owns it calls it on the loop's thread, and closes it there. A stranger costs a descriptor and, once its
/// hello has come, OpenSSL's state of a handshake. Refusals are logged with the reason, at a limited rate.
class unproven_peers : public std::enable_shared_from_this<unproven_peers> {
public:
  using on_proven = std::function<void(std::unique_ptr<stream> connection, peer_identity peer)>;
  using on_log = std::function<void(const std::string& line)>;

  /// `loop` must outlive it. Nothing is logged without the last one.
  unproven_peers(io_loop& loop, const tls_context& tls, unproven_options options, on_log log)
      : loop_{loop}, tls_{tls}, options_{std::move(options)}, log_{std::move(log)} {}

  /// `proven` is called once the peer has proved that it has one of these roles, if it does. The log says `from`.
  void add(descriptor socket, std::string from, std::vector<role> expected, on_proven proven);

  /// Closes all of them; nothing is called any more.
  void close();

  void log(const std::string& line);

private:
  struct stranger {
    descriptor socket; ///< until the handshake has it
    std::string from;
    std::vector<role> expected;
    on_proven proven;
    io_loop::id watched = 0;
    io_loop::id deadline = 0;
    std::optional<tls_handshake> handshake{};
  };

  void watch(std::uint64_t id, int socket);
  void advance(std::uint64_t id);
  bool begin(std::uint64_t id, stranger& peer);
  bool step(stranger& peer);
  void refuse(const std::string& from, const std::string& why);
  void refuse(std::uint64_t id, const std::string& why);
  void forget(std::uint64_t id);

  io_loop& loop_;
  const tls_context tls_;
  const unproven_options options_;
  on_log log_;
  limited_log limit_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, stranger> unproven_;
};

} // namespace crema::net
