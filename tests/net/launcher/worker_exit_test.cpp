#include "net/launcher/worker_exit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace crema::net {

TEST(WorkerExit, SaysHowAWorkerEnded) {
  EXPECT_EQ(to_string(exit_of(4711, 3 << 8)), "worker 4711 exited with status 3");
  EXPECT_EQ(to_string(exit_of(4711, SIGSEGV)), "worker 4711 was killed by SIGSEGV (Segmentation fault)");
  EXPECT_EQ(to_string(exit_of(4711, SIGABRT | 0x80)), "worker 4711 was killed by SIGABRT (Aborted)"); // with a core
  auto hungry = exit_of(4711, SIGKILL);
  hungry.out_of_memory = true;
  hungry.last_output = "more!\n";
  EXPECT_EQ(to_string(hungry), "worker 4711 was killed by SIGKILL (Killed), most likely by the kernel, for want of "
                               "memory; its last output:\nmore!\n");
}

} // namespace crema::net
