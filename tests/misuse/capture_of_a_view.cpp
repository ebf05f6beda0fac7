// expect: crema::capture: a state is a view (std::string_view, std::span, std::reference_wrapper, an iterator)
#include "dataflow/function/capture.hpp"

#include <string_view>

auto f = crema::capture(std::string_view{"stop"}, [](std::string_view stop, int x) { return stop[0] == x; });
