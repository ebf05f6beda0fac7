#include "tests/engines.hpp"

#include "actors/actor_engine.hpp"
#include "dataflow/inline_engine.hpp"
#include "tests/net/jobs/in_process_workers.hpp"
#include "tests/travelling_engine.hpp"

namespace crema::testing {

std::vector<engine_shape> all_engine_shapes() {
  return {{"inline_engine", 0}, {"one_thread", 1},       {"two_threads", 2},
          {"five_threads", 5},  {"travelling", 0, true}, {"three_workers", 1, true, 3}};
}

std::unique_ptr<internal::engine> make_engine(const engine_shape& shape, std::size_t memory_limit) {
  if (shape.workers != 0)
    return net::make_worker_engine(std::make_unique<in_process_workers>(shape.workers, shape.threads, memory_limit));
  if (shape.travels)
    return std::make_unique<travelling_engine>(memory_limit);
  return shape.threads == 0 ? internal::make_inline_engine(2) : actors::make_actor_engine(shape.threads);
}

} // namespace crema::testing
