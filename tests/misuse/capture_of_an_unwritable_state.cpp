// expect: crema::capture: a state cannot be written as bytes
#include "dataflow/function/capture.hpp"

#include <memory>

auto f = crema::capture(std::make_unique<int>(1), [](const std::unique_ptr<int>& n, int x) { return *n + x; });
