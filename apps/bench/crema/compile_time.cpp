#include "apps/bench/crema/halves.hpp"
#include "apps/bench/crema/source_tree.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace crema::bench::with_crema {

namespace {

/// Runs `compiler` on the README's word count, as a user's Release build would.
outcome compile_with(const char* compiler) {
  const std::string command = std::string{compiler} + " -std=c++20 -O2 -DNDEBUG -I'" + std::string{build_directory}
                              + "/include' -I'" + std::string{source_directory} + "' -c '"
                              + std::string{source_directory} + "/apps/examples/hello.cpp' -o /dev/null";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error{"this command failed: " + command};
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const auto micros = [](const timeval& t) { return t.tv_sec * 1'000'000 + t.tv_usec; };
  // The processor's time, because a compiler is one thread and others may use the machine.
  const auto seconds = static_cast<double>(micros(used.ru_utime) + micros(used.ru_stime)) * 1e-6;
  return {seconds, seconds, static_cast<std::uint64_t>(used.ru_maxrss) * 1024, "compiled", {}};
}

bool on_path(std::string_view program) {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path ? path : "";
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    if (access((std::string{rest.substr(0, end)} + '/' + std::string{program}).c_str(), X_OK) == 0)
      return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

} // namespace

run_fn compile_gcc() {
  return on_path("g++") ? +[](const workload_config&) { return compile_with("g++"); } : nullptr;
}

run_fn compile_clang() {
  if (on_path("clang++"))
    return [](const workload_config&) { return compile_with("clang++"); };
  if (on_path("clang++-14"))
    return [](const workload_config&) { return compile_with("clang++-14"); };
  return nullptr;
}

} // namespace crema::bench::with_crema
