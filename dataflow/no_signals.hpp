#pragma once

#include <csignal>
#include <pthread.h>

namespace crema::internal {

/// Blocks all signals in the calling thread while it lives, so that a thread started meanwhile takes none: they are the
/// program's.
class no_signals {
public:
  no_signals() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~no_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  no_signals(const no_signals&) = delete;
  no_signals& operator=(const no_signals&) = delete;

private:
  sigset_t before_;
};

} // namespace crema::internal
