#pragma once

#include "net/address.hpp"
#include "net/descriptor.hpp"
#include "net/jobs/worker_call.hpp"
#include "net/packet_socket.hpp"
#include "net/profile.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

// What the process that starts workers says to each over their control socket (worker_process::take_socket), for as
// long as the worker lives:
//
//     setup             once, first: who it is, what it may use, which workers it shall dial
//     connection ...    at any time: a connected socket to the driver or to another worker, passed as a descriptor
//     end               the launcher is gone, so the worker ends
//
// A packet each (packet_socket.hpp). So nothing listens in a worker, and whoever comes later is let in all the same.

namespace crema::net {

struct worker_options {
  int number = 0; ///< among the driver's workers; never used again for another
  int slots = 1;
  int io_slots = 256;
  std::size_t memory_limit = 0;
  std::string spill_directory{}; ///< empty is $TMPDIR, else /var/tmp

  static auto members(auto& m) { return std::tie(m.number, m.slots, m.io_slots, m.memory_limit, m.spill_directory); }
  bool valid() const noexcept { return number >= 0 && slots > 0 && io_slots > 0; }
  bool operator==(const worker_options&) const = default;
};

/// Another worker, as the port of its node gives access to it.
struct worker_peer {
  int number = 0;
  address where;
  std::string token; ///< worker_call.hpp

  static auto members(auto& m) { return std::tie(m.number, m.where, m.token); }
  bool valid() const noexcept { return number >= 0; }
  bool operator==(const worker_peer&) const = default;
};

struct worker_setup {
  worker_options options;
  std::vector<worker_peer> peers{};  ///< to dial: all that were there before it, where they are not passed to it
  std::optional<credentials> keys{}; ///< of a node; without them it neither dials nor takes secured connections
  std::string build{};               ///< of the driver: a worker of another executable refuses to be one
  std::string place{};               ///< how others name where it runs, in messages; empty on the driver's machine
};

/// A connected socket for the worker, from worker `from` or from_driver. Where it is secured, nothing was said on it
/// yet and the handshake of TLS comes first, in which the other side must prove itself as a node, or as a driver.
struct passed_connection {
  int from = from_driver;
  bool secured = false;
  descriptor socket;
};

/// Both send whole or not at all and never block. They throw unreachable where the worker is gone, or where it has
/// taken nothing for so long (some hundred connections) that there is no room: it is stopped, and useless to whoever
/// sends.
void send_setup(const descriptor& control, const worker_setup& setup);
void send_connection(const descriptor& control, int from, bool secured, const descriptor& socket);

using control_message = std::variant<worker_setup, passed_connection>;

/// What a packet says. Throws corrupt_data for one that says nothing.
control_message read_control(packet received);

/// The other end of send_setup. Waits for a minute at most; throws unreachable, or corrupt_data for anything else.
worker_setup receive_setup(const descriptor& control);

} // namespace crema::net
