#pragma once

#include "net/descriptor.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace crema::net {

/// The most bytes of a packet.
inline constexpr std::size_t max_packet_bytes = std::size_t{128} << 10;

/// What crosses a packet socket at once: some bytes, and a descriptor where one is passed along.
struct packet {
  std::vector<std::byte> bytes;
  descriptor passed;
};

/// Two connected UNIX sockets that carry packets, in order, closed on exec. Throws io_failure.
std::pair<descriptor, descriptor> packet_sockets();

/// Sends a packet, whole or not at all, with a copy of the descriptor where there is one. Never blocks. Throws
/// unreachable where the peer is gone, or has left so much unread that there is no room; invalid_argument for too many
/// bytes.
void send_packet(const descriptor& to, std::span<const std::byte> bytes, const descriptor* passed = nullptr);

/// The next packet, where one has come. Never blocks. Throws unreachable where no more will come, corrupt_data for one
/// that is too long.
std::optional<packet> receive_packet(const descriptor& from);

} // namespace crema::net
