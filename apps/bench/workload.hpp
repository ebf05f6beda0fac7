#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What crema-bench measures, and how one run of it is described.
///
///     outcome sort_u64(const workload_config& config) {
///       const auto input = make_input(config);          // not timed
///       measuring clock;
///       const auto sorted = sort(input, config.threads);
///       const auto digest = digest_of(sorted);           // consumes the result: timed
///       return clock.stop(digest.text());
///     }
namespace crema::bench {

/// How a workload is to be run. Every half of a workload makes the same input from the same configuration.
struct workload_config {
  unsigned threads = 2;
  double scale = 1;        ///< 1 is the full size; sizes never fall below a handful of records
  std::uint64_t seed = 42; ///< of every random input
  std::string data;        ///< the directory of input files

  /// `full` records at scale 1, at least 64.
  std::size_t scaled(std::size_t full) const;
};

/// What one run of one half yields.
struct outcome {
  double seconds = 0;           ///< of the timed part
  double cpu_seconds = 0;       ///< likewise, of all threads: what to compare where others use the machine
  std::uint64_t peak_bytes = 0; ///< most resident memory during the timed part, its inputs included
  std::string digest;           ///< must equal the other half's
  std::vector<double> values;   ///< must equal the other half's but for a relative error of 1e-6
};

/// One half of a workload: makes the input, runs the timed part, returns the outcome.
using run_fn = outcome (*)(const workload_config&);

/// Times a part of a run and observes its peak memory: from construction to `stop`.
///
/// The kernel's peak is reset at construction, so what making the input took does not count, but the input does.
/// One at a time in a process.
class measuring {
public:
  measuring();
  outcome stop(std::string digest, std::vector<double> values = {}) const;

  /// The resident memory when the clock was started.
  std::uint64_t bytes_before() const { return bytes_before_; }

private:
  std::uint64_t bytes_before_;
  double begin_;
  double cpu_begin_;
};

/// The hand-written program's time divided by crema's must be at least this.
struct speed_ratio {
  double least;
};

/// crema's median must be at most this.
struct time_bound {
  double most_seconds;
};

using target = std::variant<speed_ratio, time_bound>;

/// crema's peak memory divided by the hand-written program's, at most.
inline constexpr double most_memory_ratio = 1.5;

/// One row of the table.
struct workload {
  std::string_view name;
  std::string_view title;
  target goal;
  run_fn limit = nullptr; ///< hand-written, or crema at a small size; null where the goal is a bound
  run_fn crema = nullptr; ///< null while it is not written
  run_fn naive = nullptr; ///< the plainest program with the same outcome, for `--check`
};

/// All rows in the order of the table.
std::span<const workload> workloads();

/// The row of that name, or null.
const workload* find_workload(std::string_view name);

} // namespace crema::bench
