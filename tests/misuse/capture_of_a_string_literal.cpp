// expect: crema::capture: a state is a pointer, which means nothing in another process; pass the value itself
#include "dataflow/function/capture.hpp"

auto f = crema::capture("stop", [](const char* stop, int x) { return stop[x]; });
