#pragma once

#include "net/event_loop.hpp"
#include "net/liveness.hpp"
#include "net/receive_window.hpp"
#include "net/send_queue.hpp"
#include "net/stream.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace crema::net {

class link;

/// Kinds below are the link's own.
inline constexpr std::uint16_t first_message_kind = 16;

struct link_options {
  liveness_limits liveness{};
  std::size_t send_bound = std::size_t{4} << 20;     ///< bytes to be sent, from which on `send` says stop
  std::size_t receive_window = std::size_t{8} << 20; ///< bytes that the peer may send ahead of this side's consumers
};

/// A message that has come. While it lives, its bytes count against what the peer may send: destroy it when they are
/// consumed, on any thread.
class message {
public:
  message(message&&) noexcept = default;
  message& operator=(message&&) = delete;
  ~message();

  std::uint16_t kind() const noexcept { return frame_.kind(); }
  std::span<const std::byte> payload() const noexcept { return frame_.payload(); }

private:
  friend class link;
  message(frame content, std::shared_ptr<link> from) noexcept : frame_{std::move(content)}, from_{std::move(from)} {}

  frame frame_;
  std::shared_ptr<link> from_;
};

/// How a link ended.
struct link_end {
  enum class cause {
    clean,   ///< both sides had said all they had to say
    lost,    ///< the connection broke, or the peer closed it too early
    silent,  ///< the peer gave no sign of life
    refused, ///< the peer sent what no peer may send
    reset,   ///< by this side
  };
  cause why = cause::clean;
  std::string reason; ///< empty where it is clean
};

/// Who uses a link. All calls come from the loop's thread, one at a time, and must be short; they may use the link. The
/// first may come before `link::open` has returned to another thread.
class link_observer {
public:
  virtual ~link_observer() = default;

  /// An error thrown here ends the link as refused, with its text.
  virtual void received(message from_peer) = 0;

  /// There is room again after a `send` that returned false.
  virtual void writable() {}

  /// The peer gives no sign of life, or gives one again.
  virtual void suspected(bool) {}

  /// The peer will send no more messages.
  virtual void finished() {}

  /// The last call, once.
  virtual void ended(const link_end& how) = 0;
};

/// A connection between two processes that carries messages, in order, in both directions at once.
///
///     auto to_worker = link::open(loop, make_socket_stream(std::move(fd)), std::make_shared<observer>());
///     if (!to_worker->send({kind, std::move(head), {block, block_bytes}}))
///       …                                            // go on after observer::writable()
///     to_worker->finish();                           // no more from here: the peer's messages may still come
///
/// Memory is bounded at both ends. A sender holds `send_bound` bytes and what it sent without heeding the answer; a
/// receiver at most `receive_window` and one message, because the peer sends no more than it was given credit for.
/// Credit comes back when received messages are destroyed. Control travels past waiting messages, so a slow consumer is
/// never taken for a dead one. Bytes of a body are sent from where they are and received where they stay.
///
/// A peer is believed after its hello, the first frame, which has the same version; before it 16 KiB are held at most.
/// Who it is has been proved before there is a link. Everything is thread-safe. A link lives until it has ended, then
/// until its last reference is gone; so does the observer, until then the link's.
class link : public std::enable_shared_from_this<link> {
public:
  /// Throws invalid_argument for limits that make no sense.
  static std::shared_ptr<link> open(event_loop& loop, std::unique_ptr<stream> connection,
                                    std::shared_ptr<link_observer> observer, const link_options& options = {});

  link(const link&) = delete;
  link& operator=(const link&) = delete;

  /// Sends a message of `first_message_kind` or above, at most max_frame_bytes long. False: enough is held, stop until
  /// `writable`; the message is taken all the same. After the end it is dropped. Not to be called after `finish`.
  bool send(outgoing message);

  /// Ends this side's messages behind those that were sent. When both sides have, the link ends as clean.
  void finish();

  /// Breaks the connection, soon.
  void reset(std::string reason);

private:
  friend class message;

  link(event_loop& loop, std::unique_ptr<stream> connection, std::shared_ptr<link_observer> observer,
       const link_options& options);

  // On the loop's thread.
  void start();
  template <class Work>
  void guarded(Work work);
  void serve(std::uint32_t events);
  void read();
  void take_frames();
  void take(frame content);
  void greet(const frame& content);
  void write();
  void close_when_both_finished();
  void watch_output();
  void tick();
  void end(link_end how);

  // On any thread.
  void consumed(std::size_t charge);
  void wake(std::unique_lock<std::mutex>& lock);

  event_loop& loop_;
  const link_options options_;

  // The loop's thread's alone.
  std::unique_ptr<stream> stream_; // null when the link has ended
  std::shared_ptr<link_observer> observer_;
  frame_parser parser_;
  liveness liveness_;
  event_loop::id watched_ = 0;
  event_loop::id next_tick_ = 0;
  bool has_output_ = false;
  bool output_watched_ = false;
  bool greeted_ = false;
  bool suspected_ = false;
  bool peer_finished_ = false;
  bool end_sent_ = false;
  bool closing_ = false; // both have finished: only the peer's end of the stream is waited for

  std::mutex mutex_;
  send_queue queue_;
  receive_window window_;
  bool finishing_ = false;
  bool end_queued_ = false;
  bool awake_ = false; // a write() is to come
  bool ended_ = false;
};

} // namespace crema::net
