#pragma once

namespace crema::internal {

class context_state;

// SIGINT (Ctrl-C) and SIGTERM end a program that has contexts in good order (docs/decisions/041-signals.md).
//
//     first   its jobs are cancelled and its contexts closed, for three seconds at most; then the process ends by this
//             same signal, so that its status is 128 + signal
//     second  the process ends at once
//
// Only where the program leaves a signal to its default action when its first context begins, and has not taken it
// over since. Threads that wait for a job then, start one, or close a context do not go on: nobody shall see jobs fail
// because a process ends. All functions are thread-safe.

/// From here until `leave_alone` a first signal closes this context.
void close_when_interrupted(context_state& of);

/// Once it is closed. Does nothing for one that is not known. Does not return where a signal has come.
void leave_alone(context_state& of);

/// Does not return where a signal has come.
void stay_if_interrupted();

} // namespace crema::internal
