#pragma once

#include "dataflow/block/byte_stream.hpp"
#include "net/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <sys/uio.h>
#include <vector>

namespace crema::net {

/// Bytes that are sent from where they are, by several links at once if need be; `owner` keeps them alive.
struct shared_bytes {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};

/// A message to be sent. Its frame's payload is `head`, then `body`, which is not copied.
struct outgoing {
  std::uint16_t kind = 0;
  internal::byte_writer head;
  shared_bytes body;

  std::size_t payload_size() const noexcept { return head.size() + body.bytes.size(); }
};

/// The credit that a frame with this much payload costs.
inline std::size_t frame_charge(std::size_t payload_size) noexcept {
  return frame_header_bytes + payload_size;
}

/// The sending end of a link: which bytes leave next. Pure: no descriptor, no clock.
///
///     if (!queue.push(std::move(message)))
///       …                                    // stop, until written() says that there is room
///     const auto n = queue.gather(pieces);
///     if (queue.written(::writev(fd, pieces.data(), n), done))
///       …                                    // there is room again
///
/// Messages leave in their order while the peer's credit is above zero: the last of them may exceed it, so that one
/// larger than all credit travels too. Urgent frames are the link's own: they need no credit, and overtake messages
/// that have not begun to leave, which are at most `batch_bytes` and a message. Not thread-safe.
class send_queue {
public:
  static constexpr std::size_t batch_bytes = std::size_t{256} << 10;

  explicit send_queue(std::size_t bound) noexcept : bound_{bound} {}

  /// Takes the message in any case; false once `bound` bytes or more are held.
  bool push(outgoing message);
  void push_urgent(outgoing message);

  void granted(std::uint64_t bytes) noexcept { credit_ += static_cast<std::int64_t>(bytes); }

  /// The bytes that leave next, in `pieces` from the first on; how many it used, 0 if nothing may leave. The same bytes
  /// stand first in every call until they are written.
  std::size_t gather(std::span<iovec> pieces);

  /// The first `n` of these bytes have left. Messages that are through go to `done`, for the caller to destroy. True
  /// where the queue was full and is at most half full now.
  bool written(std::size_t n, std::vector<outgoing>& done);

  /// Takes all messages out, written or not, for the caller to destroy.
  std::vector<outgoing> drop();

  /// Whether nothing waits and nothing is on its way out.
  bool empty() const noexcept { return urgent_.empty() && waiting_.empty() && leaving_.empty(); }

  /// Bytes of all messages held, headers included.
  std::size_t bytes() const noexcept { return bytes_; }

private:
  struct entry {
    std::array<std::byte, frame_header_bytes> header;
    outgoing message;
    std::size_t size() const noexcept { return frame_charge(message.payload_size()); }
  };

  static entry framed(outgoing message);
  void admit();
  void begin(std::deque<entry>& queue);

  const std::size_t bound_;
  std::int64_t credit_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
  std::deque<entry> urgent_;
  std::deque<entry> waiting_;
  std::deque<entry> leaving_; ///< their order is settled
  std::size_t leaving_bytes_ = 0;
  std::size_t front_written_ = 0; ///< bytes of the first one in leaving_
};

} // namespace crema::net
