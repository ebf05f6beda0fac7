#pragma once

#include "dataflow/context.hpp"
#include "dataflow/engine.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

// The engines on which one and the same test runs.
//
//     class word_count : public crema::testing::on_every_engine {};
//     INSTANTIATE_TEST_SUITE_P(Engines, word_count, engine_shapes(), engine_name);
//     TEST_P(word_count, CountsWords) { ctx.parallelize(…)… }

namespace crema::testing {

/// What is between a test and the tasks of its jobs.
enum class distance {
  none,      ///< they run on threads of this process
  bytes,     ///< all that they are, and say, is written and read, as on the way to another process
  sockets,   ///< and workers in this process divide them among themselves,
  processes, ///< or worker processes,
  network,   ///< or workers on the nodes of a cluster, over TLS
};

/// An engine to run a test on. `threads` 0 is the inline engine.
struct engine_shape {
  const char* name;
  int threads;
  distance away = distance::none;
  int workers = 0; ///< each with so many threads

  bool travels() const { return away != distance::none; }
};

inline std::ostream& operator<<(std::ostream& out, const engine_shape& shape) {
  return out << shape.name;
}

std::vector<engine_shape> all_engine_shapes();

template <class Predicate>
auto engine_shapes_without(Predicate unwanted) {
  auto shapes = all_engine_shapes();
  std::erase_if(shapes, unwanted);
  return ::testing::ValuesIn(shapes);
}

/// For INSTANTIATE_TEST_SUITE_P.
inline auto engine_shapes() {
  return ::testing::ValuesIn(all_engine_shapes());
}
/// Those of this process: for tests whose functions refer to what the test has on its stack.
inline auto local_engine_shapes() {
  return engine_shapes_without([](const engine_shape& shape) { return shape.travels(); });
}
inline std::string engine_name(const ::testing::TestParamInfo<engine_shape>& info) {
  return info.param.name;
}

/// Workers that are processes are shared by all tests of a program, because starting them takes a second: those of a
/// cluster whatever the limit, because how much memory they may use is said by their nodes.
std::unique_ptr<internal::engine> make_engine(const engine_shape& shape,
                                              std::size_t memory_limit = std::size_t{256} << 20);

/// No job counts as tiny, so that every one reaches the engine under test.
inline config test_config(std::size_t memory_limit = std::size_t{256} << 20) {
  config settings;
  settings.memory_limit = memory_limit;
  settings.inline_records = 0;
  settings.progress = false;
  return settings;
}

inline context make_context(const engine_shape& shape, std::size_t memory_limit = std::size_t{256} << 20) {
  return context{test_config(memory_limit), make_engine(shape, memory_limit)};
}

/// Numbers of partitions that every operation is tried with.
inline constexpr int partition_counts[] = {1, 2, 5, 64};

class on_every_engine : public ::testing::TestWithParam<engine_shape> {
protected:
  context ctx = make_context(GetParam());
};

} // namespace crema::testing
