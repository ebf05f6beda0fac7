#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace crema::testing {

/// What a command line or the environment asks of explorations:
///
///     --crema_seed=N     CREMA_SEED     begin with this seed; and only this one, if no number of runs is given
///     --crema_runs=N     CREMA_RUNS     so many seeds in each exploration
///     --crema_replay=T   CREMA_REPLAY   the one run that a failure printed as its smallest
///     --crema_trace=DIR  CREMA_TRACE    write the traces of failures there, as JSON and as Mermaid diagrams
///
/// A flag goes before its variable. Works beside whatever main() there is.
struct options {
  std::optional<std::uint64_t> seed{};
  std::optional<std::uint64_t> runs{};
  std::string replay{};
  std::string trace_directory{};
};

/// Reads them; `environment` is what std::getenv is. Throws std::invalid_argument that names what is wrong.
options parse_options(const std::vector<std::string>& command, const char* (*environment)(const char*));

/// Those of this process, read once.
const options& given_options();

/// The command that runs the running test again, with `flag` instead of those above.
std::string command_again(const std::string& flag);

} // namespace crema::testing
