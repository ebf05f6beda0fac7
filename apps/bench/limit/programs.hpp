#pragma once

#include "apps/bench/workload.hpp"

/// The hand-written programs: each as fast as we could make it for its one workload, on 1 or 2 threads. None uses
/// crema.
namespace crema::bench::limit {

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
outcome sockets(const workload_config& config);

} // namespace crema::bench::limit
