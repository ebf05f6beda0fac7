#pragma once

#include "apps/bench/workload.hpp"

#include <crema/crema.hpp>

#include <string>

namespace crema::bench {

/// A context as a user of `threads` cores would make it.
inline crema::config settings(const workload_config& config) {
  crema::config made;
  made.master = "local[" + std::to_string(config.threads) + "]";
  made.progress = false;
  return made;
}

} // namespace crema::bench
