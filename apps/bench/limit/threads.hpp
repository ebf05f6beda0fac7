#pragma once

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

namespace crema::bench::limit {

/// Runs `work(t)` for every t below `threads`, the last one in the caller's thread, and waits for all.
template <class Work>
void on_threads(unsigned threads, Work&& work) {
  std::vector<std::jthread> others;
  for (unsigned t = 0; t + 1 < threads; ++t)
    others.emplace_back([&work, t] { work(t); });
  work(threads - 1);
}

/// Share `part` of `parts` of `size` rows, as [first, second).
constexpr std::pair<std::size_t, std::size_t> share(std::size_t size, std::size_t part, std::size_t parts) {
  return {size * part / parts, size * (part + 1) / parts};
}

} // namespace crema::bench::limit
