#include <crema/crema.hpp>

int main() {
  crema::context ctx;
  const auto squares = ctx.parallelize(std::vector{1, 2, 3}, 2).map([](int x) { return x * x; }).collect();
  return squares == std::vector{1, 4, 9} ? 0 : 1;
}
