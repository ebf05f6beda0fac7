#include "dataflow/error.hpp"
#include "net/launcher/handover.hpp"
#include "net/launcher/worker.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

// A process that is started as a worker splits in two before anything else in it runs:
//
//     driver ──lifeline── guardian ──parent of── worker, leader of a process group of its own
//        └───────────────socket──────────────────┘  └── whatever user code starts
//
// The guardian runs no user code. When the lifeline ends, because the driver closed it or died, or when the worker
// ends, it kills the worker's group, and all orphans, which it inherits. When the guardian itself is killed, the worker
// dies of its parent-death signal. So nobody survives the driver, not even where SIGKILL ended it.

namespace crema::net {

namespace {

bool idle_worker = false;

/// Whether the variable's secret stands in the lifeline; takes it from there. Reads nothing else away.
bool is_genuine(std::string_view secret) {
  char found[worker_secret_length];
  const auto peek = ::recv(lifeline_descriptor, found, sizeof found, MSG_PEEK | MSG_DONTWAIT);
  return secret.size() == sizeof found && peek == sizeof found && std::memcmp(found, secret.data(), sizeof found) == 0
         && ::recv(lifeline_descriptor, found, sizeof found, MSG_DONTWAIT) == sizeof found;
}

void report(guardian_report::event what, int value) {
  const guardian_report said{what, value};
  (void)::send(lifeline_descriptor, &said, sizeof said, MSG_NOSIGNAL);
}

/// Kills all children of this process; how many there were.
int kill_children() {
  const int list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  char text[4096];
  const auto length = list < 0 ? 0 : ::read(list, text, sizeof text);
  ::close(list);
  int killed = 0;
  const char* const end = text + (length < 0 ? 0 : length);
  for (const char* at = text; at < end; ++at) {
    pid_t child = 0;
    const auto [blank, problem] = std::from_chars(at, end, child);
    if (problem != std::errc{} || blank == end) // a blank stands behind each: without it the number is cut
      break;
    ::kill(child, SIGKILL);
    ++killed;
    at = blank;
  }
  return killed;
}

/// Ends the group and this process with it. Whoever left the group is a child here, or becomes one when its parent is
/// dead: round by round, until there is none. A worker that was about to end by itself has ended as that, and not by
/// these signals.
[[noreturn]] void end_all(pid_t worker) {
  ::kill(-worker, SIGKILL);
  while (kill_children() != 0) {
    int status = 0;
    const auto child = ::waitpid(-1, &status, 0);
    if (child <= 0)
      break;
    if (child == worker)
      report(guardian_report::event::ended, status);
  }
  ::_exit(0);
}

/// Takes the ends of children; whether the worker's was among them.
bool reap(pid_t worker) {
  bool ended = false;
  int status = 0;
  for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;)
    if (child == worker) {
      report(guardian_report::event::ended, status);
      ended = true;
    }
  return ended;
}

[[noreturn]] void guard(pid_t worker, pid_t driver) {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int each : {SIGCHLD, SIGTERM, SIGINT, SIGUSR1})
    ::sigaddset(&wanted, each);
  const int signals = ::signalfd(-1, &wanted, SFD_CLOEXEC);
  // Beside the lifeline, which a child that the driver forked might hold open. The signal also comes when only the
  // thread that started this process ends.
  ::prctl(PR_SET_PDEATHSIG, SIGUSR1);
  report(guardian_report::event::started, worker);
  while (::getppid() == driver) {
    pollfd ready[]{{lifeline_descriptor, POLLIN, 0}, {signals, POLLIN, 0}};
    ::poll(ready, 2, -1);
    if (ready[0].revents != 0)
      break;
    signalfd_siginfo signal{};
    if (ready[1].revents != 0 && ::read(signals, &signal, sizeof signal) == sizeof signal)
      if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT || (signal.ssi_signo == SIGCHLD && reap(worker)))
        break;
  }
  end_all(worker);
}

void become_worker(pid_t guardian, const sigset_t& mask) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != guardian)
    ::_exit(0);
  ::close(lifeline_descriptor);
  ::fcntl(parent_descriptor, F_SETFD, FD_CLOEXEC);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  idle_worker = true;
}

/// Before the constructors of the program's own objects: while there is one thread, and little memory that the guardian
/// would keep.
[[gnu::constructor(101)]] void split_off_guardian() {
  const char* text = std::getenv(worker_variable);
  if (text == nullptr)
    return;
  pid_t driver = 0;
  const auto [blank, problem] = std::from_chars(text, text + std::strlen(text), driver);
  if (problem != std::errc{} || *blank != ' ' || !is_genuine(blank + 1))
    return;
  ::unsetenv(worker_variable);
  ::fcntl(lifeline_descriptor, F_SETFD, FD_CLOEXEC);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  sigset_t all, mask;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &mask);
  const pid_t guardian = ::getpid();
  const pid_t worker = ::fork();
  if (worker == 0)
    return become_worker(guardian, mask);
  if (worker < 0)
    ::_exit(71);
  ::close(parent_descriptor);
  ::setpgid(worker, worker); // whichever of the two is first
  guard(worker, driver);
}

} // namespace

bool is_idle_worker() noexcept {
  return idle_worker;
}

void refuse_idle_worker() {
  if (idle_worker)
    throw error{errc::invalid_argument,
                "this process was started as a worker, but its main did not begin with crema::init, which runs it"};
}

void run_if_worker(worker_main work) {
  if (!std::exchange(idle_worker, false))
    return;
  int status = 70;
  try {
    status = work(descriptor{parent_descriptor});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "crema: this worker failed: %s\n", e.what());
  }
  std::exit(status);
}

} // namespace crema::net
