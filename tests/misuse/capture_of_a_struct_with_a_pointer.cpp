// expect: crema::capture: a state cannot be written as bytes: it holds a pointer or reference
#include "dataflow/function/capture.hpp"

struct table {
  const int* rows;
  int size;
};

auto f = crema::capture(table{}, [](const table& t, int x) { return t.rows[x]; });
