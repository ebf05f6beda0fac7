#pragma once

#include "apps/bench/workload.hpp"

#include <span>
#include <string_view>

namespace crema::bench {

/// A workload written with crema. It makes the inputs of apps/bench/inputs.hpp and returns the same outcome as the
/// hand-written program of that name; it runs on `local[config.threads]`.
struct crema_program {
  std::string_view name; ///< of the row in workloads()
  run_fn run;
};

/// The ones that are written.
std::span<const crema_program> crema_halves();

namespace with_crema {

outcome word_count(const workload_config& config);
outcome range(const workload_config& config);
outcome array(const workload_config& config);
outcome reduce_few(const workload_config& config);
outcome reduce_many(const workload_config& config);
outcome sort(const workload_config& config);
outcome tera_sort(const workload_config& config);
outcome join(const workload_config& config);

} // namespace with_crema
} // namespace crema::bench
