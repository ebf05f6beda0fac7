#include "apps/bench/harness.hpp"

#include "apps/bench/check.hpp"
#include "apps/bench/child.hpp"
#include "apps/bench/data_directory.hpp"
#include "apps/bench/inputs.hpp"
#include "apps/bench/report.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <stdexcept>

namespace crema::bench {

namespace {

double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

template <class Member>
double median_of(const std::vector<outcome>& runs, Member member) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const auto& run : runs)
    values.push_back(static_cast<double>(run.*member));
  return median(std::move(values));
}

bool exists(const workload& row, side which) {
  return (which == side::crema ? row.crema : row.limit) != nullptr;
}

samples& samples_of(measured& result, side which) {
  switch (which) {
  case side::limit:
    return result.limit;
  case side::crema:
    return result.crema;
  default:
    return result.limit_alone;
  }
}

void run_round(measured& result, const workload_config& config, outcome& expected) {
  for (const auto which : sides) {
    if (!exists(*result.row, which))
      continue;
    auto its_config = config;
    if (which == side::limit_alone)
      its_config.threads = 1;
    const auto* name = which == side::crema ? "crema" : "limit";
    const auto run = run_child(std::string{result.row->name}, name, its_config);
    if (expected.digest.empty())
      expected = run;
    if (!agree(run, expected))
      throw std::runtime_error{std::string{name} + " yields \"" + described(run) + "\", but before it was \""
                               + described(expected) + "\": one of them is wrong; try --check"};
    samples_of(result, which).runs.push_back(run);
  }
}

measured measure(const workload& row, const harness_options& options, const workload_config& config) {
  measured result;
  result.row = &row;
  outcome expected;
  try {
    for (int round = 0; round < options.rounds; ++round)
      run_round(result, config, expected);
  } catch (const interrupted&) {
    throw;
  } catch (const std::runtime_error& e) {
    result.failure = e.what();
  }
  return result;
}

} // namespace

double samples::median_seconds() const {
  return median_of(runs, &outcome::seconds);
}

double samples::median_peak_bytes() const {
  return median_of(runs, &outcome::peak_bytes);
}

std::vector<const workload*> chosen(const harness_options& options) {
  std::vector<const workload*> result;
  for (const auto& row : workloads())
    if (options.only.empty() || std::ranges::find(options.only, row.name) != options.only.end())
      result.push_back(&row);
  for (const auto& name : options.only)
    if (find_workload(name) == nullptr)
      throw std::invalid_argument{"no workload is named \"" + name + "\"; --list prints the names"};
  return result;
}

bool run_all(const harness_options& options) {
  const auto rows = chosen(options);
  // A Ctrl-C ends the running child, and that ends this process in good order: the inputs are removed.
  std::signal(SIGINT, SIG_IGN);
  const data_directory data{options.config.data};
  auto config = options.config;
  config.data = data.path();
  std::printf("seed %llu, scale %g, %u threads, median of %d rounds\n", static_cast<unsigned long long>(config.seed),
              config.scale, config.threads, options.rounds);
  print_table_head();
  std::vector<measured> results;
  for (const auto* row : rows) {
    results.push_back(measure(*row, options, config));
    print_table_row(results.back());
  }
  if (!options.json.empty())
    write_json(options, results);
  return std::ranges::all_of(results, [](const measured& r) { return r.failure.empty() && judge(r).reached(); });
}

} // namespace crema::bench
