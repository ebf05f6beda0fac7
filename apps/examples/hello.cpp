// [quote word_count]
#include <crema/crema.hpp>

#include <cstdio>
#include <functional>
#include <string_view>
#include <utility>

int main(int argc, char** argv) try {
  crema::context ctx{crema::init(argc, argv)};
  const char* files = argc > 1 ? argv[1] : "*.md";

  auto counts = ctx.text_file(files)
                  .flat_map([](std::string_view line) { return crema::words(line); })
                  .map([](std::string_view word) { return std::pair(word, 1L); })
                  .reduce_by_key(std::plus{});

  const auto by_count = [](const auto& total) { return total.second; };
  for (const auto& [word, count] : counts.top(10, by_count))
    std::printf("%ld\t%s\n", count, word.c_str());
} catch (const crema::error& failure) {
  std::fprintf(stderr, "hello: %s\n", failure.what());
  return 1;
}
// [end]
