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
outcome page_rank(const workload_config& config);
outcome k_means(const workload_config& config);
outcome network(const workload_config& config);

// One small job on a warm context: its median time.
outcome tiny_collect(const workload_config& config);
outcome tiny_reduce(const workload_config& config);
outcome actor_collect(const workload_config& config);

// The cost of one partition, of one record, in jobs of a thousand and of a hundred thousand partitions, of a million
// and of a hundred million records.
outcome few_partitions(const workload_config& config);
outcome many_partitions(const workload_config& config);
outcome few_records(const workload_config& config);
outcome many_records(const workload_config& config);
outcome few_sorted(const workload_config& config);
outcome many_sorted(const workload_config& config);

/// What compiles the README's word count with that compiler; null where there is none.
run_fn compile_gcc();
run_fn compile_clang();

} // namespace with_crema
} // namespace crema::bench
