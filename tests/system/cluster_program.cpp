#include "net/crema.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <unistd.h>

// A driver that says which processes work for it, and then has them wait for ever; or, where its argument is "counts",
// keep something on the disk and count for ever; or, where it is "handles", has a handler of its own for SIGINT.

namespace {

void leave(int /*signal*/) {
  ::_exit(3);
}

void count_for_ever(const crema::context& ctx, int tasks) {
  const auto kept =
    ctx.range(0, 400'000, 1, tasks).map([](long x) { return "a string that takes room " + std::to_string(x); }).cache();
  kept.count();
  ctx.range(0, 1L << 60, 1, tasks)
    .filter([](long x) {
      if (x == 0)
        std::fputs("a task counts\n", stderr);
      return x < 0;
    })
    .count();
}

} // namespace

int main(int argc, char** argv) {
  auto settings = crema::init(argc, argv);
  settings.inline_records = 0;
  const std::string_view does = argc > 1 ? argv[1] : "waits";
  if (does == "handles")
    std::signal(SIGINT, &leave);
  try {
    crema::context ctx{settings};
    const auto tasks = ctx.default_parallelism() * 2;
    std::printf("workers:");
    for (const auto pid : ctx.range(0, tasks, 1, tasks).map([](long) { return long{::getpid()}; }).distinct().collect())
      std::printf(" %ld", pid);
    std::printf(" all\n");
    std::fflush(stdout);
    if (does == "counts")
      count_for_ever(ctx, tasks);
    ctx.range(0, tasks, 1, tasks).for_each([](long) {
      std::fputs("a task waits\n", stderr);
      ::pause();
    });
  } catch (const std::exception& e) {
    std::printf("failed: %s\n", e.what());
    return 1;
  }
}
