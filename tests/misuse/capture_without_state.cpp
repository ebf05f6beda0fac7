// expect: crema::capture takes at least one state and then, last, the function
#include "dataflow/function/capture.hpp"

auto f = crema::capture([](int x) { return x; });
