#include "apps/bench/check.hpp"
#include "apps/bench/child.hpp"
#include "apps/bench/harness.hpp"
#include "apps/bench/workload.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>

namespace {

using namespace crema::bench;

void list() {
  for (const auto& row : workloads())
    std::printf("%-12s %s%s\n", std::string{row.name}.c_str(), std::string{row.title}.c_str(),
                row.crema ? "" : " (crema's half is not written)");
}

void add_options(CLI::App& app, harness_options& options) {
  app.add_option("--only", options.only, "Only these workloads: names with commas between them")->delimiter(',');
  app.add_option("--rounds", options.rounds, "How often each program runs")->check(CLI::Range(1, 1000));
  app.add_option("--scale", options.config.scale, "Size of every input; 1 is the size of the table")
    ->check(CLI::Range(1e-6, 100.0));
  app.add_option("--threads", options.config.threads, "Threads of crema and of the faster hand-written run")
    ->check(CLI::Range(1, 256));
  app.add_option("--seed", options.config.seed, "Seed of every random input");
  app.add_option("--data", options.config.data, "Directory for input files, which stay there; else they are temporary")
    ->check(CLI::ExistingDirectory);
  app.add_option("--json", options.json, "Write all figures to this file");
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures crema beside hand-written programs for the same work, in one process per run.", "crema-bench"};
  harness_options options;
  bool only_list = false;
  bool only_check = false;
  std::string run, side;
  add_options(app, options);
  app.add_flag("--list", only_list, "Print the workloads and end");
  app.add_flag("--check", only_check, "Compare every program's outcome with plain code at scale 0.01 and end");
  app.add_option("--run", run, "Run this workload here, once, and print its outcome as JSON");
  app.add_option("--side", side, "With --run: which program")->check(CLI::IsMember({"limit", "crema"}));
  try {
    app.parse(argc, argv);
    if (only_list)
      return list(), 0;
    if (only_check)
      return check_all(options) ? 0 : 1;
    if (!run.empty())
      return print_outcome(run, side, options.config), 0;
    return run_all(options) ? 0 : 1;
  } catch (const CLI::ParseError& e) {
    const auto code = app.exit(e);
    return code == 0 ? 0 : 2;
  } catch (const std::invalid_argument& e) {
    std::fprintf(stderr, "crema-bench: %s\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "crema-bench: %s\n", e.what());
    return 1;
  }
}
