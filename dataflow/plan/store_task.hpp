#pragma once

#include "dataflow/plan/stage.hpp"

namespace crema::internal {

/// Tasks that compute partitions of `stored` and keep them in its store (see partition_store).
task_factory store_task_factory(const node& stored);

} // namespace crema::internal
