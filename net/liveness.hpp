#pragma once

#include <chrono>

namespace crema::net {

/// When a side that has nothing to say says so, and after how much silence the other one is suspected and given up.
struct liveness_limits {
  std::chrono::milliseconds heartbeat{500};
  std::chrono::milliseconds suspect{2000};
  std::chrono::milliseconds dead{5000};

  bool operator==(const liveness_limits&) const = default;
};

/// Throws invalid_argument unless 0 < heartbeat < suspect < dead.
void validate(const liveness_limits& limits);

enum class peer_health { alive, suspect, dead };

/// Whether the peer of a link lives, and when it has to be told that this side does. Pure: told of bytes and of time.
///
///     liveness peer{limits, now()};
///     …
///     const auto due = peer.tick(now()); // every peer.period(), and after reading what has come
///     if (due.beat)
///       send_heartbeat();
///
/// All bytes are signs of life, so a slow connection full of data is not mistaken for a dead one, and heartbeats are
/// sent only where nothing else is. A peer that does not read is dead, too: bytes wait, and none leaves. Time in which
/// this process did not run (stopped, starved, its machine asleep) is not counted against the peer.
class liveness {
public:
  using time = std::chrono::steady_clock::time_point;

  liveness(const liveness_limits& limits, time now) noexcept;

  /// Bytes have come.
  void heard(time now) noexcept { heard_ = now; }

  /// This side tried to write: `progress` says whether bytes left, `waiting` whether some are left over.
  void wrote(time now, bool progress, bool waiting) noexcept;

  struct due {
    bool beat = false;
    peer_health peer = peer_health::alive;
  };
  due tick(time now) noexcept;

  std::chrono::milliseconds period() const noexcept;

private:
  liveness_limits limits_;
  time heard_;
  time sent_;
  time stuck_ = time::max(); ///< since when bytes wait of which none leaves
  time ticked_;
};

} // namespace crema::net
