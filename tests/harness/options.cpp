#include "tests/harness/options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace crema::testing {

namespace {

constexpr std::string_view prefix = "--crema_";

std::uint64_t number(std::string_view name, const std::string& text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || rest != end)
    throw std::invalid_argument{std::string{name} + " must be a number, not \"" + text + '"'};
  return value;
}

bool set(options& all, std::string_view name, const std::string& value) {
  if (name == "seed")
    all.seed = number("crema_seed", value);
  else if (name == "runs")
    all.runs = number("crema_runs", value);
  else if (name == "replay")
    all.replay = value;
  else if (name == "trace")
    all.trace_directory = value;
  else
    return false;
  return true;
}

/// The words of this process's command.
std::vector<std::string> own_command() {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');)
    words.push_back(word);
  return words;
}

const char* environment_of_process(const char* name) {
  return std::getenv(name);
}

} // namespace

options parse_options(const std::vector<std::string>& command, const char* (*environment)(const char*)) {
  options all;
  for (const auto& [name, variable] :
       {std::pair{"seed", "CREMA_SEED"}, {"runs", "CREMA_RUNS"}, {"replay", "CREMA_REPLAY"}, {"trace", "CREMA_TRACE"}})
    if (const auto* value = environment(variable); value != nullptr)
      set(all, name, value);
  for (const std::string_view word : command) {
    if (!word.starts_with(prefix))
      continue;
    const auto equals = word.find('=');
    const auto name = word.substr(prefix.size(), equals == word.npos ? equals : equals - prefix.size());
    if (equals == word.npos || !set(all, name, std::string{word.substr(equals + 1)}))
      throw std::invalid_argument{"there is no \"" + std::string{word}
                                  + "\", only --crema_seed=N, --crema_runs=N, --crema_replay=TEXT, --crema_trace=DIR"};
  }
  return all;
}

const options& given_options() {
  static const options given = parse_options(own_command(), environment_of_process);
  return given;
}

std::string command_again(const std::string& flag) {
  const auto words = own_command();
  auto command = words.empty() ? std::string{"TEST"} : words.front();
  if (const auto* test = ::testing::UnitTest::GetInstance()->current_test_info(); test != nullptr)
    command += std::string{" --gtest_filter="} + test->test_suite_name() + '.' + test->name();
  return command + ' ' + flag;
}

} // namespace crema::testing
