#pragma once

#include "dataflow/engine.hpp"

#include <functional>
#include <memory>
#include <string>

namespace crema::testing {

/// An engine that all tests of a program share: `start` is called for the first of them that asks for the engine of
/// that name, which runs until the last test is over.
std::unique_ptr<internal::engine> shared_engine(const std::string& name,
                                                const std::function<std::shared_ptr<internal::engine>()>& start);

} // namespace crema::testing
