#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace crema::net {

/// What serves connections and times on one thread, and has a clock: as much as a link or a worker knows of its
/// machine. The one of a process is an io_loop; a simulation has many, without threads and with clocks of their own.
///
///     loop.run([&] { id = loop.watch(connection.native_handle(), EPOLLIN, [&](std::uint32_t events) { … }); });
///     loop.run([&] { loop.call_at(loop.now() + 2s, [&] { … }); });
///
/// `now` and `run` are thread-safe; all else belongs on the thread itself, where all calls come, one at a time.
class event_loop {
public:
  using time = std::chrono::steady_clock::time_point;
  using id = std::uint64_t; ///< of a watch or a call; never 0
  using on_ready = std::function<void(std::uint32_t events)>;
  using task = std::function<void()>;

  virtual ~event_loop() = default;

  /// Never goes back. Only compared with others of this loop.
  virtual time now() const noexcept = 0;

  /// Calls `work` on the thread, soon, in the order of these calls.
  virtual void run(task work) = 0;

  /// Calls `ready` whenever one of the epoll `events`, or EPOLLERR or EPOLLHUP, is there: again and again until it is
  /// gone. The descriptor must stay open until `unwatch`.
  virtual id watch(int fd, std::uint32_t events, on_ready ready) = 0;
  virtual void rewatch(id watched, std::uint32_t events) = 0;
  virtual void unwatch(id watched) = 0;

  /// Calls `work` at `when` or soon after, once.
  virtual id call_at(time when, task work) = 0;

  /// Nothing happens where it was called already.
  virtual void cancel(id call) = 0;
};

} // namespace crema::net
