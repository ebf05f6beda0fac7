#include "net/jobs/run_worker.hpp"

#include "dataflow/function/identity.hpp"
#include "net/jobs/worker_entrance.hpp"

#include <chrono>
#include <cstdlib>
#include <utility>

namespace crema::net {

namespace {

constexpr std::chrono::seconds time_to_end{1}; ///< for what ran when the driver was lost

} // namespace

int run_worker(descriptor control) {
  auto setup = receive_setup(control);
  if (!setup.build.empty())
    internal::require_build_id(setup.build, "the driver");
  io_loop loop;
  worker me{setup.options, loop};
  const worker_entrance entrance{loop, me, std::move(control), std::move(setup)};
  if (!me.wait(time_to_end))
    std::_Exit(0); // a user function does not return, and there is nobody any more for whom it could
  return 0;
}

} // namespace crema::net
