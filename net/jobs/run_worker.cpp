#include "net/jobs/run_worker.hpp"

#include "dataflow/function/identity.hpp"
#include "net/jobs/worker_entrance.hpp"

#include <utility>

namespace crema::net {

int run_worker(descriptor control) {
  auto setup = receive_setup(control);
  if (!setup.build.empty())
    internal::require_build_id(setup.build, "the driver");
  io_loop loop;
  worker me{setup.options, loop};
  const worker_entrance entrance{loop, me, std::move(control), std::move(setup)};
  me.wait();
  return 0;
}

} // namespace crema::net
