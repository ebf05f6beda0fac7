#include "net/liveness.hpp"

#include "dataflow/error.hpp"

#include <algorithm>
#include <string>

namespace crema::net {

void validate(const liveness_limits& limits) {
  if (limits.heartbeat.count() > 0 && limits.heartbeat < limits.suspect && limits.suspect < limits.dead)
    return;
  const auto text = [](std::chrono::milliseconds t) { return std::to_string(t.count()) + " ms"; };
  throw error{errc::invalid_argument, "heartbeats: every " + text(limits.heartbeat) + ", suspected after "
                                        + text(limits.suspect) + ", dead after " + text(limits.dead)
                                        + ": each must be longer than the one before, and the first than 0"};
}

liveness::liveness(const liveness_limits& limits, time now) noexcept
    : limits_{limits}, heard_{now}, sent_{now}, ticked_{now} {}

void liveness::wrote(time now, bool progress, bool waiting) noexcept {
  if (progress)
    sent_ = now;
  if (!waiting)
    stuck_ = time::max();
  else if (progress || stuck_ == time::max())
    stuck_ = now;
}

liveness::due liveness::tick(time now) noexcept {
  if (const auto late = now - ticked_ - period(); late > limits_.heartbeat) { // this side was not there to see
    heard_ = std::min(now, heard_ + late);
    if (stuck_ != time::max())
      stuck_ = std::min(now, stuck_ + late);
  }
  ticked_ = now;
  due result;
  const auto silence = now - std::min(heard_, stuck_);
  result.peer = silence >= limits_.dead      ? peer_health::dead
                : silence >= limits_.suspect ? peer_health::suspect
                                             : peer_health::alive;
  // Behind bytes that cannot leave, a heartbeat would not either.
  if (stuck_ == time::max() && now - sent_ >= limits_.heartbeat) {
    result.beat = true;
    sent_ = now;
  }
  return result;
}

std::chrono::milliseconds liveness::period() const noexcept {
  return std::max<std::chrono::milliseconds>(limits_.heartbeat / 2, std::chrono::milliseconds{1});
}

} // namespace crema::net
