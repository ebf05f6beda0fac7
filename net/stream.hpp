#pragma once

#include "net/descriptor.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <sys/uio.h>
#include <utility>

namespace crema::net {

/// An ordered stream of bytes in both directions, open and ready to use: what a link needs to know of a connection.
///
/// Nothing blocks. Not thread-safe. A connection that breaks throws unreachable with the reason.
class stream {
public:
  struct result {
    std::size_t bytes = 0;
    bool blocked = false; ///< nothing more for now: wait for the descriptor
    bool ended = false;   ///< the peer will write nothing more; only read() says it
  };

  virtual ~stream() = default;

  /// To be watched; owned by the stream.
  virtual int native_handle() const noexcept = 0;

  virtual result read(std::span<std::byte> into) = 0;

  /// Takes bytes from the front of `pieces`. What it did not take must be offered again, unchanged, first.
  virtual result write(std::span<const iovec> pieces) = 0;

  /// Whether read() has bytes without the descriptor being readable.
  virtual bool buffered() const noexcept { return false; }

  /// Whether the descriptor must be writable for read() to go on.
  virtual bool read_wants_output() const noexcept { return false; }

  /// Nothing will be written any more: the peer reads the end behind what has been.
  virtual void finish() noexcept = 0;

  /// The next thing that happens is the stream's destruction: the peer shall see a broken connection and no end.
  virtual void abort() noexcept = 0;
};

/// The stream of a connected socket, which becomes non-blocking.
std::unique_ptr<stream> make_socket_stream(descriptor socket);

/// A TCP socket's peer will see a reset, and nothing that was not sent yet, when it is closed.
void reset_on_close(int socket) noexcept;

/// Two connected UNIX sockets, closed on exec. Throws io_failure.
std::pair<descriptor, descriptor> connected_sockets();

} // namespace crema::net
