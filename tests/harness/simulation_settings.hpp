#pragma once

#include "tests/harness/choices.hpp"
#include "tests/harness/schedule.hpp"

#include <caf/fwd.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace crema::testing {

/// How a simulation runs.
struct simulation_settings {
  std::unique_ptr<schedule> order{};                          ///< default: fifo
  std::function<void(caf::actor_system_config&)> configure{}; ///< before the system starts: message types, options
  std::uint64_t most_steps = 1'000'000;                       ///< of run(), which fails where there are more
  bool trace_text = true; ///< what messages say, for whoever reads the trace; its hash needs none
  choices draws{0};
};

} // namespace crema::testing
