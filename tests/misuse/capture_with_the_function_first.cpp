// expect: crema::capture: the last argument must be a function
#include "dataflow/function/capture.hpp"

#include <vector>

auto f = crema::capture([](const std::vector<int>& v, int x) { return v[0] + x; }, std::vector<int>{1, 2});
