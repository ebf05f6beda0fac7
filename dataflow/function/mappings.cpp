#include "dataflow/function/mappings.hpp"

#include "dataflow/error.hpp"
#include "dataflow/function/identity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

namespace crema::internal {

namespace {

// No system maps the first pages, and user space ends at 2^47: most numbers are told apart without reading the ranges.
constexpr std::uintptr_t lowest_address = 0x10000;
constexpr std::uintptr_t highest_address = std::uintptr_t{1} << 47;

// Only the shadow of a sanitizer is mapped so widely; numbers beyond 2^31 would seem to point into it.
constexpr std::uintptr_t widest_range = std::uintptr_t{1} << 40;

/// Where `address` is, in a range that the kernel calls `name`. Zero-initialised globals have no name there, so the
/// image is asked first.
std::string readable(std::uintptr_t address, std::string_view name) {
  try {
    const auto place = locate(reinterpret_cast<const void*>(address));
    return place.object.empty() ? "this program's image: a string literal, a global or a function" : place.object;
  } catch (const error&) {
    if (name == "[heap]")
      return "the heap";
    if (name == "[stack]")
      return "the main thread's stack";
    return name.empty() ? "the heap or a thread's stack" : std::string{name.substr(name.rfind('/') + 1)};
  }
}

} // namespace

std::optional<std::string> mappings::find_pointer(const void* object, std::size_t size) {
  const auto words = size / sizeof(std::uintptr_t);
  for (std::size_t i = 0; i != words; ++i) {
    std::uintptr_t word = 0;
    std::memcpy(&word, static_cast<const char*>(object) + i * sizeof word, sizeof word);
    if (word < lowest_address || word >= highest_address)
      continue;
    if (const auto* home = find(word))
      return fmt::format("word {} of {} points into {}", i + 1, words, readable(word, home->name));
  }
  return std::nullopt;
}

const mappings::range* mappings::find(std::uintptr_t address) {
  if (!loaded_)
    load();
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                      [](std::uintptr_t a, const range& each) { return a < each.last; });
  return after != ranges_.end() && address >= after->first ? &*after : nullptr;
}

void mappings::load() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen("/proc/self/maps", "re"), &std::fclose};
  if (!file)
    throw error{errc::io_failure, std::string{"cannot read /proc/self/maps, by which captured pointers are found: "}
                                    + std::strerror(errno)};
  char line[PATH_MAX + 128];
  while (std::fgets(line, sizeof line, file.get()) != nullptr) {
    unsigned long long first = 0;
    unsigned long long last = 0;
    char rights[5] = {};
    int path = 0;
    if (std::sscanf(line, "%llx-%llx %4s %*s %*s %*s %n", &first, &last, rights, &path) != 3 || path == 0)
      continue;
    if ((rights[0] != 'r' && rights[1] != 'w') || last - first > widest_range)
      continue;
    std::string_view rest{line + path};
    rest = rest.substr(0, rest.find('\n'));
    ranges_.push_back({static_cast<std::uintptr_t>(first), static_cast<std::uintptr_t>(last), std::string{rest}});
  }
  loaded_ = true;
}

} // namespace crema::internal
