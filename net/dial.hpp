#pragma once

#include "net/address.hpp"
#include "net/io_loop.hpp"
#include "net/tls.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace crema::net {

/// What came of dialling: a connection to a peer that has proved itself and believes this side, or what went wrong.
struct dialled {
  std::unique_ptr<stream> connection; ///< null where it failed
  peer_identity peer;
  std::exception_ptr failure; ///< a crema::error: unreachable or untrusted, with the address and the reason
};

using on_dialled = std::function<void(dialled result)>;

/// Connects to a port behind which a listener stands, and calls `done` on the loop's thread: once, after `patience` at
/// the latest. All that the name stands for is tried in turn. A server name says whom behind the port it is meant for
///: unreachable where nobody of that name is there. Nothing blocks; any thread may call it.
/// `loop` must outlive the call of `done`, or it does not come.
void dial(io_loop& loop, const tls_context& tls, const address& where, std::vector<role> expected, on_dialled done,
          std::chrono::milliseconds patience = std::chrono::seconds{5}, std::string server_name = {});

/// The same, waiting for it: not on the loop's thread. Throws what went wrong.
dialled dial(io_loop& loop, const tls_context& tls, const address& where, std::vector<role> expected,
             std::chrono::milliseconds patience = std::chrono::seconds{5}, std::string server_name = {});

} // namespace crema::net
