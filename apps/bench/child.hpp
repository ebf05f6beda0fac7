#pragma once

#include "apps/bench/workload.hpp"

#include <stdexcept>
#include <string>

namespace crema::bench {

/// Thrown when SIGINT ended a child.
struct interrupted : std::runtime_error {
  interrupted() : std::runtime_error{"interrupted"} {}
};

/// Runs this executable again with `--run name --side side` and reads the outcome that it prints. The child obeys
/// SIGINT even if this process does not, and dies with it.
/// Throws std::runtime_error if the child fails or prints something else.
outcome run_child(const std::string& name, const std::string& side, const workload_config& config);

/// The child's part: runs one workload in this process and prints its outcome as a line of JSON.
void print_outcome(const std::string& name, const std::string& side, const workload_config& config);

} // namespace crema::bench
