#pragma once

#include "net/io_loop.hpp"
#include "net/launcher/worker_process.hpp"
#include "net/link.hpp"
#include "net/packet_socket.hpp"

#include <memory>
#include <utility>

namespace crema::net {

/// Passes the worker of worker_program.cpp a connection, and is the other end of it.
inline std::shared_ptr<link> link_to_worker(io_loop& loop, worker_process& worker,
                                            std::shared_ptr<link_observer> observer) {
  const auto control = worker.take_socket();
  auto [here, there] = connected_sockets();
  send_packet(control, std::as_bytes(std::span{"x", 1}), &there);
  return link::open(loop, make_socket_stream(std::move(here)), std::move(observer));
}

} // namespace crema::net
