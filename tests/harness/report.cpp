#include "tests/harness/report.hpp"

#include "tests/harness/options.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

namespace crema::testing::detail {

namespace {

std::string all_messages(const outcome& of) {
  std::string text;
  for (const auto& failure : of.failures) {
    if (failure.file_name() != nullptr && *failure.file_name() != '\0')
      text += std::string{failure.file_name()} + ':' + std::to_string(failure.line_number()) + ": ";
    text += failure.message();
    text += '\n';
  }
  return text;
}

std::vector<std::string> faults_of(const outcome& of) {
  std::vector<std::string> all;
  for (const auto& event : of.trace.events())
    if (event.of == trace_event::kind::fault)
      all.push_back(event.what + " at step " + std::to_string(event.step));
  return all;
}

std::string counted(std::size_t n, const char* what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

/// Writes the trace where the command line wants it; says where it is, or how to get it.
std::string keep(const crema::testing::trace& of, std::uint64_t seed) {
  const auto& directory = given_options().trace_directory;
  if (directory.empty())
    return "with --crema_trace=DIR it is kept there as JSON and as a Mermaid diagram";
  auto name = directory + "/seed" + std::to_string(seed);
  if (const auto* test = ::testing::UnitTest::GetInstance()->current_test_info(); test != nullptr) {
    auto full = std::string{test->test_suite_name()} + '.' + test->name();
    std::ranges::replace(full, '/', '_');
    name = directory + '/' + full + ".seed" + std::to_string(seed);
  }
  std::ofstream{name + ".json"} << of.to_json();
  std::ofstream{name + ".mmd"} << of.to_mermaid();
  return "kept in " + name + ".json and .mmd";
}

found_failure begin(std::uint64_t seed, const outcome& failing) {
  found_failure found;
  found.seed = seed;
  const auto& first = failing.failures.front();
  found.file = first.file_name() == nullptr ? "" : first.file_name();
  found.line = first.line_number();
  found.message = all_messages(failing);
  found.steps = failing.steps;
  found.faults = faults_of(failing);
  found.replay = to_text(failing.used);
  return found;
}

} // namespace

found_failure report_of(std::uint64_t seed, const outcome& first, const outcome& smallest) {
  auto found = begin(seed, smallest.failures.empty() ? first : smallest);
  const auto out_of_turn = std::ranges::count_if(smallest.used.picks, [](auto pick) { return pick != 0; });
  found.report = (seed == 0 ? std::string{"an order of turns"} : "seed " + std::to_string(seed)) + " fails\n"
                 + found.message + "this is its smallest run: " + counted(smallest.steps, "step") + " instead of "
                 + std::to_string(first.steps) + ", " + counted(static_cast<std::size_t>(out_of_turn), "turn")
                 + " out of order, " + counted(found.faults.size(), "fault") + ":\n";
  for (const auto& fault : found.faults)
    found.report += "  " + fault + '\n';
  if (smallest.trace.size() != 0)
    found.report += "its last events (" + keep(smallest.trace, seed) + "):\n" + smallest.trace.to_text();
  if (seed != 0)
    found.report += "the seed again:        " + command_again("--crema_seed=" + std::to_string(seed)) + '\n';
  found.report += "the smallest run again: " + command_again("--crema_replay=" + found.replay) + '\n';
  return found;
}

found_failure report_of_chance(std::uint64_t seed, const outcome& first, const outcome& second) {
  auto found = begin(seed, first);
  found.report = "seed " + std::to_string(seed) + " fails\n" + found.message
                 + "but the same run once more takes another course: the test depends on something else than its "
                   "simulation, such as an address, the time, or what an earlier run left\n";
  const auto &a = first.trace.events(), &b = second.trace.events();
  const auto [left, right] = std::ranges::mismatch(a, b, [](const trace_event& x, const trace_event& y) {
    return x.of == y.of && x.from == y.from && x.to == y.to && x.key == y.key && x.step == y.step;
  });
  if (right != b.end())
    found.report +=
      "they part at step " + std::to_string(right->step) + " of the second run:\n" + second.trace.to_text();
  found.report += "the seed again: " + command_again("--crema_seed=" + std::to_string(seed)) + '\n';
  return found;
}

} // namespace crema::testing::detail
