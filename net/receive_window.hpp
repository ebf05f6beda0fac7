#pragma once

#include <cstddef>
#include <cstdint>

namespace crema::net {

/// The receiving end of a link's credit: how many bytes of messages the peer may send, and when it gets more. Pure.
///
/// The peer may begin a message while it has credit, so one message may exceed it: what is held for consumers that are
/// behind is at most `size` and a message. Credit goes back in portions of a quarter, not for each message.
class receive_window {
public:
  /// The peer gets `size` bytes of credit to begin with.
  explicit receive_window(std::uint64_t size) noexcept : portion_{size / 4}, open_{static_cast<std::int64_t>(size)} {}

  /// A message with this charge has come; false where the peer had no credit to begin it.
  bool received(std::size_t charge) noexcept;

  /// Messages with this charge have been consumed; the credit to grant now, or 0.
  std::uint64_t consumed(std::size_t charge) noexcept;

private:
  std::uint64_t portion_;
  std::int64_t open_;
  std::uint64_t owed_ = 0;
};

} // namespace crema::net
