#include "dataflow/interrupts.hpp"

#include "dataflow/block/own_spill.hpp"
#include "dataflow/no_signals.hpp"
#include "dataflow/plan/context_state.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <semaphore.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

constexpr std::array heeded{SIGINT, SIGTERM};
constexpr std::chrono::seconds time_to_close{3};

// -- what a handler may touch ---------------------------------------------------------------------------------------

std::atomic<int> came{0};    ///< the first signal
std::atomic<pid_t> owner{0}; ///< a child that this process forked is not meant
sem_t wake;                  ///< of the thread that waits for it

void end_by(int signal) {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  ::sigaction(signal, &by_default, nullptr);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
}

extern "C" void take_signal(int signal) {
  const int before = errno;
  int none = 0;
  if (owner.load() == ::getpid() && came.compare_exchange_strong(none, signal))
    ::sem_post(&wake);
  else
    end_by(signal);
  errno = before;
}

// -- its thread -----------------------------------------------------------------------------------------------------

/// Takes the signals while there is a context.
class signal_taker {
public:
  signal_taker() {
    static const int made = ::sem_init(&wake, 0, 0); // once: a late handler may still hold it
    static_cast<void>(made);
    const no_signals guard;
    thread_ = std::thread{[this] { wait(); }};
    owner = ::getpid();
    for (const int signal : heeded)
      if (handled_by(signal) == SIG_DFL)
        handle(signal, &take_signal);
  }
  ~signal_taker() {
    for (const int signal : heeded)
      if (handled_by(signal) == &take_signal) // the program may have taken it over
        handle(signal, SIG_DFL);
    over_ = true;
    ::sem_post(&wake);
    thread_.join(); // never, where a signal has come
  }
  signal_taker(const signal_taker&) = delete;
  signal_taker& operator=(const signal_taker&) = delete;

private:
  using handler = void (*)(int);

  static handler handled_by(int signal) {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    return (now.sa_flags & SA_SIGINFO) == 0 ? now.sa_handler : nullptr;
  }
  static void handle(int signal, handler by) {
    struct sigaction wanted {};
    wanted.sa_handler = by;
    wanted.sa_flags = SA_RESTART;
    ::sigaction(signal, &wanted, nullptr);
  }
  void wait();

  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// All contexts of this process.
struct contexts {
  std::mutex life; ///< of `taker`
  std::mutex mutex;
  std::vector<context_state*> open;
  std::size_t closing = 0;
  bool interrupted = false;
  std::condition_variable closed;
  signal_taker* taker = nullptr;
};

contexts& all() {
  static contexts& one = *new contexts; // outlives contexts that are static objects
  return one;
}

[[noreturn]] void stay() {
  for (;;)
    ::pause();
}

/// Closes all contexts, side by side, and ends the process when that is done or takes too long.
void end_in_order(int signal) {
  auto& known = all();
  std::unique_lock lock{known.mutex};
  known.interrupted = true;
  known.closing = known.open.size();
  for (auto* const each : known.open)
    std::thread{[each, &known] {
      each->close();
      std::fflush(nullptr); // not under the lock: it may wait for who stands still in the middle of a line
      const std::lock_guard guard{known.mutex};
      --known.closing;
      known.closed.notify_all();
    }}.detach();
  known.closed.wait_for(lock, time_to_close, [&] { return known.closing == 0; });
  for (const auto* const each : known.open) // which stay: their owners do not go on
    remove_own_spill_directories(each->settings().spill_directory);
  end_by(signal);
}

void signal_taker::wait() {
  do {
    while (::sem_wait(&wake) != 0) {
    }
    if (const int signal = came)
      end_in_order(signal);
  } while (!over_);
}

} // namespace

void close_when_interrupted(context_state& of) {
  auto& known = all();
  const std::lock_guard life{known.life};
  std::unique_lock lock{known.mutex};
  known.open.push_back(&of);
  lock.unlock();
  if (known.taker == nullptr)
    known.taker = new signal_taker;
}

void leave_alone(context_state& of) {
  auto& known = all();
  const std::lock_guard life{known.life};
  std::unique_lock lock{known.mutex};
  if (known.interrupted) {
    lock.unlock();
    stay();
  }
  std::erase(known.open, &of);
  if (!known.open.empty() || known.taker == nullptr)
    return;
  lock.unlock();
  delete std::exchange(known.taker, nullptr);
}

void stay_if_interrupted() {
  auto& known = all();
  std::unique_lock lock{known.mutex};
  if (!known.interrupted)
    return;
  lock.unlock();
  stay();
}

} // namespace crema::internal
