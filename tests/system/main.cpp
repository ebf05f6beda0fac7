#include "net/jobs/run_worker.hpp"
#include "net/launcher/worker.hpp"

#include <gmock/gmock.h>

/// The test program is the executable of its own workers.
int main(int argc, char** argv) {
  crema::net::run_if_worker(crema::net::run_worker);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
