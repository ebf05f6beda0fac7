#pragma once

#include "tests/net/simulation/sim_cluster.hpp"

#include <cstdint>
#include <span>

namespace crema::testing {

/// What may happen to a simulated cluster; all but the last two for a while.
enum class trouble {
  kill,         ///< a worker's process is killed
  power,        ///< its machine is gone without a word
  pause,        ///< its machine stops, and goes on
  pause_driver, ///< so does the driver's
  part,         ///< two machines do not hear each other
  part_one_way, ///< one of two does not hear the other
  isolate,      ///< a machine hears nobody, and nobody hears it
  swizzle,      ///< connections break off one by one, and come back in another order
  flap,         ///< two machines hear each other now and then
  cut,          ///< the connections between two machines break
  slow,         ///< all that is sent takes its time, each piece another one
  jump,         ///< a clock jumps by an hour
  drift,        ///< a clock goes wrong by a tenth
  replay,       ///< messages about earlier attempts come late
};

/// Up to `most` of these troubles before steps below `within`, as the simulation's draws say.
void arrange(simulation& sim, sim_cluster& cluster, std::span<const trouble> kinds, std::size_t most,
             std::uint64_t within);

} // namespace crema::testing
