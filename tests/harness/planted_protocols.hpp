#pragma once

#include "tests/harness/simulation.hpp"

#include <string>

// Small protocols as everybody writes them, each with mistakes that can be planted. What finds them is the harness's
// own test of worth.

namespace crema::testing::planted {

enum class mistake {
  none,
  lost_credit,   ///< a consumer that is about to end forgets to give credit back
  forgotten_end, ///< the end of a producer is not counted when it comes before its first block
  double_commit, ///< a result that comes twice is committed twice
  wrong_attempt, ///< the late result of an earlier attempt is taken for that of the running one
  missing_fence, ///< a store takes the writes of a holder whose lease has run out
  dead_lock,     ///< two clients take two locks in different orders
  leak,          ///< workers of a job that failed are not told to stop
};

/// Two producers send numbers under credit to a consumer, which tells their sum when both have ended.
void streams(simulation& sim, mistake planted);

/// A driver runs a task until one worker does not die, and commits one result, of the last attempt, once. Results come
/// late and twice.
void commits(simulation& sim, mistake planted);

/// A store is written by whoever holds its lease; a second holder takes it over while writes of the first are late.
void leases(simulation& sim, mistake planted);

/// Two clients need two locks each.
void locks(simulation& sim, mistake planted);

/// A job of three workers that know each other, of which one may fail.
void jobs(simulation& sim, mistake planted);

} // namespace crema::testing::planted
