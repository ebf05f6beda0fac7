#include "net/jobs/run_worker.hpp"
#include "net/launcher/worker.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>

/// The test program is the executable of its own workers.
int main(int argc, char** argv) {
  if (std::getenv("CREMA_TEST_CRASHING_WORKERS") != nullptr)
    crema::net::run_if_worker(
      [](crema::net::descriptor) { return std::fputs("this worker was told to crash\n", stderr), 3; });
  crema::net::run_if_worker(crema::net::run_worker);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
