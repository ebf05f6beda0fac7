#pragma once

#include "apps/bench/workload.hpp"

#include <string>
#include <vector>

/// Runs workloads as child processes of this executable, so that none finds memory, threads or caches of another.
namespace crema::bench {

struct harness_options {
  workload_config config;
  int rounds = 5;
  std::vector<std::string> only; ///< names; empty for all
  std::string json;              ///< a file to write; empty for none
};

/// The programs of a row, in the order in which a round runs them.
enum class side { limit, crema, limit_alone };

inline constexpr side sides[] = {side::limit, side::crema, side::limit_alone};

/// One side's runs of one workload.
struct samples {
  std::vector<outcome> runs;

  double median_seconds() const;
  double median_peak_bytes() const;
};

/// All runs of one workload, and what went wrong.
struct measured {
  const workload* row = nullptr;
  samples limit;       ///< on config.threads threads
  samples crema;       ///< likewise; without runs while it is not written
  samples limit_alone; ///< on one thread
  std::string failure; ///< empty, or why no figure counts: a child failed, or outcomes differ
};

/// The rows that the options choose. Throws std::invalid_argument for a name that is no workload's.
std::vector<const workload*> chosen(const harness_options& options);

/// Measures, prints the table and writes the JSON. False if a child failed, outcomes differed or a goal was missed.
bool run_all(const harness_options& options);

} // namespace crema::bench
