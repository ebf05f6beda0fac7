#include "net/jobs/run_worker.hpp"

#include "net/jobs/worker_entrance.hpp"

#include <utility>

namespace crema::net {

int run_worker(descriptor control) {
  auto setup = receive_setup(control);
  io_loop loop;
  worker me{setup.options, loop};
  const worker_entrance entrance{loop, me, std::move(control), std::move(setup)};
  me.wait();
  return 0;
}

} // namespace crema::net
