#pragma once

#include "net/address.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace crema::testing {

/// What becomes of the bytes that a proxy passes on, in both directions. Chances are for each piece of up to 16 KiB.
struct link_weather {
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds jitter{0}; ///< more than that, at most; the order stays
  double corrupted = 0;                ///< one bit of the piece
  double duplicated = 0;
  double truncated = 0;
};

/// What passes through a node's port.
enum class traffic {
  all,
  nodes,   ///< for the node itself: its driver's orders, and the controller's call to see whether it can be reached
  workers, ///< for its workers: from the driver and from other workers
};

/// Stands before a port and passes on what comes, until told to do worse. Thread-safe; its end resets all connections.
///
///     link_proxy before_b{[&] { return port_of(b); }, seed};
///     … crema node --advertise before_b.where() …
///     before_b.reset(traffic::nodes);
///
/// The seed decides which bytes are damaged.
class link_proxy {
public:
  /// `target` is asked for each connection that comes.
  link_proxy(std::function<net::address()> target, std::uint64_t seed);
  ~link_proxy();
  link_proxy(const link_proxy&) = delete;
  link_proxy& operator=(const link_proxy&) = delete;

  /// What others dial.
  const net::address& where() const noexcept;

  /// Connections that are open at both ends. After these functions return, all of them are as they say.
  std::size_t reset(traffic which = traffic::all);      ///< with RST, at both ends; how many
  std::size_t half_close(traffic which = traffic::all); ///< the port hears that the caller says no more
  void freeze();                                        ///< nothing passes any more, and nobody hears of it
  void thaw();
  void change(const link_weather& weather);

  /// Each connection that is open, or else the next one that comes, is reset when the caller has got so many bytes
  /// more.
  void cut_open_after(std::uint64_t bytes);
  void cut_next_after(std::uint64_t bytes);

  /// Waits until somebody has connected, ever; a minute at most.
  void await_connection() const;

  /// Connections that come are reset at once, from here on, or not any more.
  void refuse(bool all);

private:
  class relay;
  std::shared_ptr<relay> relay_;
};

} // namespace crema::testing
