#pragma once

#include "dataflow/op/action.hpp"

#include <cstdint>

namespace crema {

namespace internal {

struct count_state {
  std::uint64_t n = 0;

  template <class Cursor>
  bool pump(Cursor& from, std::size_t batch) {
    std::uint64_t seen = 0;
    auto sink = [&seen](auto&&) __attribute__((always_inline)) {
      ++seen;
    };
    const bool more = from.pump(sink, batch);
    n += seen;
    return more;
  }
  std::optional<std::uint64_t> result() const { return n; }
};

} // namespace internal

template <class T, class Node>
job<std::uint64_t> rdd<T, Node>::count_async() const {
  return internal::value_job<std::uint64_t>(link(), "count", internal::count_state{},
                                            [](const std::vector<std::uint64_t>& parts) {
                                              std::uint64_t n = 0;
                                              for (auto part : parts)
                                                n += part;
                                              return n;
                                            });
}

} // namespace crema
