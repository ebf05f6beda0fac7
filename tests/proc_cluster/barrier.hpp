#pragma once

#include "net/descriptor.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace crema::testing {

/// Where tasks in other processes wait until a test lets them go: whatever goes wrong meanwhile, goes wrong while they
/// are at that point of a user function.
///
///     barrier map{root.path("map")};
///     auto job = data.map(capture(map.path(), [](const std::string& at, long x) { … wait_at(at, "x"); … })).…;
///     const auto here = map.await(2);  // two tasks are there: their processes, and what they said
///     …
///     map.open();                      // they go on, and nobody waits there any more
///
/// Whoever cannot reach it goes on at once. Nobody waits for more than a minute.
class barrier {
public:
  struct arrival {
    pid_t process = 0;
    std::string said;
  };

  explicit barrier(const std::string& path);
  ~barrier() { open(); }
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;

  const std::string& path() const noexcept { return path_; }

  /// Waits until so many have come, counted from its beginning, and says who. After a minute that is a failure.
  std::vector<arrival> await(std::size_t arrivals);

  void open();

private:
  const std::string path_;
  net::descriptor door_;
  std::vector<net::descriptor> waiting_;
  std::vector<arrival> arrivals_;
};

/// Waits at the barrier of that path.
void wait_at(const std::string& path, std::string_view said);

} // namespace crema::testing
