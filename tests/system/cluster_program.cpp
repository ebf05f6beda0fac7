#include "net/crema.hpp"

#include <cstdio>
#include <exception>
#include <unistd.h>

// A driver that says which processes work for it, and then has them wait for ever.

int main(int argc, char** argv) {
  auto settings = crema::init(argc, argv);
  settings.inline_records = 0;
  try {
    crema::context ctx{settings};
    const auto tasks = ctx.default_parallelism() * 2;
    std::printf("workers:");
    for (const auto pid : ctx.range(0, tasks, 1, tasks).map([](long) { return long{::getpid()}; }).distinct().collect())
      std::printf(" %ld", pid);
    std::printf(" all\n");
    std::fflush(stdout);
    ctx.range(0, tasks, 1, tasks).for_each([](long) {
      std::fputs("a task waits\n", stderr);
      ::pause();
    });
  } catch (const std::exception& e) {
    std::printf("failed: %s\n", e.what());
    return 1;
  }
}
