// [quote hello_engines]
#include <crema/client.hpp>

#include <array>
#include <cstdio>
#include <string>

int main(int argc, char** argv) try {
  crema::client c{crema::init(argc, argv)};

  auto greetings = c.all().map([](int) { return std::string{"hello world"}; }, std::array{0, 1}).get();

  for (const auto& greeting : greetings)
    std::puts(greeting.c_str());
} catch (const crema::error& failure) {
  std::fprintf(stderr, "hello_engines: %s\n", failure.what());
  return 1;
}
// [end]
