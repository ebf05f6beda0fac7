#include "tests/harness/give_back.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>

namespace crema::testing {

namespace {

std::size_t entries(const char* directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{directory}, {}));
}

std::size_t children_of_all_threads() {
  std::size_t count = 0;
  for (const auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::ifstream file{thread.path() / "children"};
    count += static_cast<std::size_t>(std::distance(std::istream_iterator<std::string>{file}, {}));
  }
  return count;
}

} // namespace

held_resources::held_resources()
    : threads{entries("/proc/self/task")}, descriptors{entries("/proc/self/fd")}, children{children_of_all_threads()} {}

std::ostream& operator<<(std::ostream& out, const held_resources& held) {
  return out << held.threads << " threads, " << held.descriptors << " descriptors, " << held.children << " children";
}

} // namespace crema::testing
