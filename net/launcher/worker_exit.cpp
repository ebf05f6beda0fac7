#include "net/launcher/worker_exit.hpp"

#include <csignal>
#include <cstring>
#include <fstream>
#include <sys/wait.h>

namespace crema::net {

namespace {

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  const char* meaning = ::sigdescr_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : "SIG" + std::string{name} + " (" + meaning + ")";
}

} // namespace

worker_exit exit_of(pid_t pid, int wait_status) {
  worker_exit end{.pid = pid};
  if (WIFSIGNALED(wait_status))
    end.signal = WTERMSIG(wait_status);
  else
    end.status = WEXITSTATUS(wait_status);
  return end;
}

std::string to_string(const worker_exit& end) {
  auto text = "worker " + std::to_string(end.pid) + (end.started ? "" : ", which could not start,");
  if (end.signal == 0)
    text += " exited with status " + std::to_string(end.status);
  else
    text += " was killed by " + signal_name(end.signal);
  if (end.out_of_memory)
    text += ", most likely by the kernel, for want of memory";
  if (!end.last_output.empty())
    text += "; its last output:\n" + end.last_output;
  return text;
}

unsigned long oom_kills() {
  std::ifstream counters{"/proc/vmstat"};
  std::string name;
  for (unsigned long value = 0; counters >> name >> value;)
    if (name == "oom_kill")
      return value;
  return 0;
}

} // namespace crema::net
