#include "tests/engines.hpp"

#include "actors/actor_engine.hpp"
#include "dataflow/inline_engine.hpp"
#include "net/cluster/cluster_workers.hpp"
#include "net/jobs/worker_processes.hpp"
#include "tests/loopback_cluster.hpp"
#include "tests/net/jobs/in_process_workers.hpp"
#include "tests/shared_engines.hpp"
#include "tests/travelling_engine.hpp"

namespace crema::testing {

namespace {

std::shared_ptr<internal::engine> on_processes(const engine_shape& shape, std::size_t memory_limit) {
  net::worker_options each;
  each.slots = shape.threads;
  each.memory_limit = memory_limit / static_cast<std::size_t>(shape.workers);
  return net::make_worker_engine(net::start_workers(shape.workers, each));
}

std::shared_ptr<internal::engine> on_nodes(const engine_shape& shape) {
  struct cluster {
    loopback_cluster nodes{};
    std::unique_ptr<internal::engine> engine{};
  };
  auto made = std::make_shared<cluster>();
  for (int i = 0; i != shape.workers; ++i)
    made->nodes.add_node("node " + std::to_string(i), static_cast<std::uint32_t>(shape.threads));
  made->nodes.store_this_executable();
  made->engine = net::make_worker_engine(net::start_cluster_workers(
    made->nodes.keys(), {.controllers = {made->nodes.controller()}, .least = static_cast<std::size_t>(shape.workers)}));
  return {made, made->engine.get()};
}

} // namespace

std::vector<engine_shape> all_engine_shapes() {
  return {{"inline_engine", 0},
          {"one_thread", 1},
          {"two_threads", 2},
          {"five_threads", 5},
          {"travelling", 0, distance::bytes},
          {"three_workers", 1, distance::sockets, 3},
          {"two_processes", 1, distance::processes, 2},
          {"three_nodes", 1, distance::network, 3}};
}

std::unique_ptr<internal::engine> make_engine(const engine_shape& shape, std::size_t memory_limit) {
  switch (shape.away) {
  case distance::none:
    return shape.threads == 0 ? internal::make_inline_engine(2) : actors::make_actor_engine(shape.threads);
  case distance::bytes:
    return std::make_unique<travelling_engine>(memory_limit);
  case distance::sockets:
    return net::make_worker_engine(std::make_unique<in_process_workers>(shape.workers, shape.threads, memory_limit));
  case distance::processes:
    return shared_engine(shape.name + std::to_string(memory_limit), [&] { return on_processes(shape, memory_limit); });
  case distance::network:
    return shared_engine(shape.name, [&] { return on_nodes(shape); });
  }
  return nullptr;
}

} // namespace crema::testing
