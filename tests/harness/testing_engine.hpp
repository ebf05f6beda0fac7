#pragma once

#include "dataflow/context.hpp"
#include "dataflow/job.hpp"
#include "tests/harness/simulation.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>
#include <string>

namespace crema::actors {
class host_source;
} // namespace crema::actors

namespace crema::testing {

/// When the jobs of a simulated engine run.
enum class pace {
  by_steps, ///< when the test runs the simulation: start actions by their `…_async` twins, and take results by finish()
  at_once, ///< to their end as soon as they start, so that tests need not know; actions that wait half way hang
};

/// crema's own engine for one process, whose actors run in a simulation instead of on threads.
///
///     explore({.runs = 1000}, [](simulation& sim) {
///       crema::context ctx{simulated_config(), simulated_engine(sim, 2)};
///       auto counts = ctx.parallelize(words, 3).map(one_each).reduce_by_key(std::plus<>{}).collect_async();
///       EXPECT_THAT(finish(sim, counts), UnorderedElementsAreArray(expected));
///     });
///
/// `threads` is how many tasks of a stage produce at once on each of `hosts` hosts, among which the driver divides the
/// stages; all live in the one simulated process. The simulation must outlive the engine. A job that does not end even
/// when it is cancelled fails the test, which is told who waits for whom.
std::unique_ptr<internal::engine> simulated_engine(simulation& sim, int threads, pace when = pace::by_steps,
                                                   int hosts = 1);

/// The same on hosts that a test gives, which run in the simulation, too.
std::unique_ptr<internal::engine>
simulated_engine(simulation& sim, int threads, std::shared_ptr<actors::host_source> hosts, pace when = pace::by_steps);

/// Settings by which every job runs on the engine.
config simulated_config();

namespace detail {

/// What a partition waits for; "" of any other actor.
std::string explain_partition(caf::abstract_actor& actor);

/// Runs the simulation until `ended`; fails the test if all is quiet before.
void run_to_end(simulation& sim, const std::function<bool()>& ended, source_location where);

} // namespace detail

/// Runs the simulation until the job has ended, and gives its result, or throws its failure. Fails the test if all is
/// quiet before the end, with who waits for whom.
template <class R>
R finish(simulation& sim, job<R>& running, source_location where = source_location::current()) {
  detail::run_to_end(
    sim, [&] { return running.ready(); }, where);
  return running.get();
}

} // namespace crema::testing
