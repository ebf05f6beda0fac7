#pragma once

#include <string>
#include <sys/types.h>

namespace crema::net {

/// How a worker process ended.
struct worker_exit {
  pid_t pid = 0;
  bool started = true;        ///< and did not fail before, as where a shared library is missing
  int status = 0;             ///< with which it exited, where no signal killed it
  int signal = 0;             ///< that killed it, or 0
  bool out_of_memory = false; ///< the kernel killed for want of memory meanwhile, so most likely it
  std::string last_output{};  ///< the last lines of its stderr
};

/// What waitpid says, in these words.
worker_exit exit_of(pid_t pid, int wait_status);

/// One line, and below it the last output: "worker 4711 was killed by SIGSEGV (Segmentation fault); its last output:".
std::string to_string(const worker_exit& end);

/// How many processes of this machine the kernel has killed for want of memory; 0 where it does not say.
unsigned long oom_kills();

} // namespace crema::net
