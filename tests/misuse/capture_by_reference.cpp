// expect: crema::capture: the last argument must be a function that captures nothing or plain values by value
#include "dataflow/function/capture.hpp"

int run(int sum) {
  auto f = crema::capture(1, [&sum](int step, int x) { return sum += step * x; });
  return f(2);
}
