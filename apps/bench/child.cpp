#include "apps/bench/child.hpp"

#include "apps/bench/data_directory.hpp"

#include <fmt/core.h>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <system_error>

namespace crema::bench {

namespace {

[[noreturn]] void execute(const std::vector<std::string>& words, int output) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const auto& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::signal(SIGINT, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(output, STDOUT_FILENO);
  execv("/proc/self/exe", arguments.data());
  _exit(127);
}

std::string read_all(int input) {
  std::string text;
  char block[4096];
  for (ssize_t got = 0; (got = read(input, block, sizeof block)) != 0;) {
    if (got < 0 && errno != EINTR)
      break;
    text.append(block, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  return text;
}

/// The standard output of this executable with these arguments. Standard error is passed on.
std::string output_of(const std::vector<std::string>& words) {
  int ends[2];
  if (pipe(ends) != 0)
    throw std::system_error{errno, std::generic_category(), "cannot make a pipe"};
  const auto child = fork();
  if (child == 0)
    execute(words, ends[1]);
  ::close(ends[1]);
  auto text = child > 0 ? read_all(ends[0]) : std::string{};
  ::close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    throw std::system_error{errno, std::generic_category(), "cannot start a child"};
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
    throw interrupted{};
  if (WIFSIGNALED(status))
    throw std::runtime_error{fmt::format("the child died of signal {}", WTERMSIG(status))};
  if (WEXITSTATUS(status) != 0)
    throw std::runtime_error{fmt::format("the child ended with status {}", WEXITSTATUS(status))};
  return text;
}

} // namespace

outcome run_child(const std::string& name, const std::string& side, const workload_config& config) {
  const auto text =
    output_of({"crema-bench", "--run", name, "--side", side, "--threads", std::to_string(config.threads), "--scale",
               fmt::format("{}", config.scale), "--seed", std::to_string(config.seed), "--data", config.data});
  try {
    const auto json = nlohmann::json::parse(text);
    return {json.at("seconds"), json.at("cpu_seconds"), json.at("peak_bytes"), json.at("digest"), json.at("values")};
  } catch (const nlohmann::json::exception& e) {
    throw std::runtime_error{fmt::format("the child printed \"{}\", which is no outcome: {}", text, e.what())};
  }
}

void print_outcome(const std::string& name, const std::string& side, const workload_config& config) {
  const auto* row = find_workload(name);
  if (row == nullptr)
    throw std::invalid_argument{fmt::format("no workload is named \"{}\"; --list prints the names", name)};
  const auto run = side == "crema" ? row->crema : row->limit;
  if (run == nullptr)
    throw std::invalid_argument{
      fmt::format("{} has no program for --side {}; --list prints what there is", name, side)};
  const data_directory data{config.data};
  auto its_config = config;
  its_config.data = data.path();
  const auto result = run(its_config);
  const nlohmann::json json{{"workload", name},
                            {"side", side},
                            {"threads", config.threads},
                            {"seconds", result.seconds},
                            {"cpu_seconds", result.cpu_seconds},
                            {"peak_bytes", result.peak_bytes},
                            {"digest", result.digest},
                            {"values", result.values}};
  std::printf("%s\n", json.dump().c_str());
}

} // namespace crema::bench
