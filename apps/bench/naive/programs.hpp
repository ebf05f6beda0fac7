#pragma once

#include "apps/bench/workload.hpp"

/// The same outcomes by the plainest standard C++, on one thread: what `crema-bench --check` compares with.
namespace crema::bench::naive {

outcome word_count(const workload_config& config);
outcome range(const workload_config& config);
outcome reduce_few(const workload_config& config);
outcome reduce_many(const workload_config& config);
outcome sort(const workload_config& config);
outcome tera_sort(const workload_config& config);
outcome join(const workload_config& config);
outcome page_rank(const workload_config& config);
outcome k_means(const workload_config& config);

} // namespace crema::bench::naive
