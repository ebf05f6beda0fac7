#include "dataflow/machine_limits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace crema::internal {

namespace {

constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
constexpr auto no_limit = std::numeric_limits<double>::infinity();

std::string contents(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The number that `text` starts with; nothing for "max" and other words.
std::optional<std::size_t> number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::size_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{})
    return std::nullopt;
  return value;
}

std::size_t physical_memory(const std::string& root) {
  constexpr std::string_view key = "MemTotal:";
  const auto text = contents(root + "/proc/meminfo");
  const auto at = text.find(key);
  if (at == std::string::npos)
    return unlimited;
  const auto kib = number(std::string_view{text}.substr(at + key.size()));
  return kib ? *kib * 1024 : unlimited;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in{text};
  for (std::string part; std::getline(in, part, separator);)
    parts.push_back(part);
  return parts;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// mountinfo writes blanks and backslashes in paths as three octal digits.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '3') {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// A hierarchy of control groups as this process sees it.
struct hierarchy {
  bool unified;      // version 2
  std::string top;   // the group that is mounted
  std::string mount; // where
};

/// mountinfo: id parent dev ROOT MOUNT options [optional…] - TYPE source SUPER_OPTIONS
std::vector<hierarchy> hierarchies(const std::string& mountinfo, const std::string& controller) {
  std::vector<hierarchy> found;
  for (const auto& line : split(mountinfo, '\n')) {
    const auto fields = split(line, ' ');
    const auto dash = static_cast<std::size_t>(std::find(fields.begin(), fields.end(), "-") - fields.begin());
    if (fields.size() < 6 || dash + 3 >= fields.size())
      continue;
    const auto& type = fields[dash + 1];
    if (type == "cgroup2" || (type == "cgroup" && contains(split(fields[dash + 3], ','), controller)))
      found.push_back({type == "cgroup2", unescaped(fields[3]), unescaped(fields[4])});
  }
  return found;
}

/// /proc/self/cgroup: ID:CONTROLLERS:PATH, where version 2 is ID 0 without controllers.
std::optional<std::string> group_of(const std::string& cgroup, bool unified, const std::string& controller) {
  for (const auto& line : split(cgroup, '\n')) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos)
      continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    if (unified ? controllers.empty() : contains(split(controllers, ','), controller))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

/// The folder of the group at `path` and those of all groups above it, below the mounted one.
std::vector<std::string> folders(const std::string& root, const hierarchy& tree, std::string path) {
  // A container often sees only its own subtree, mounted as the top, while its path is told from the real root.
  const auto top = tree.top == "/" ? std::string{} : tree.top;
  if ((path + '/').compare(0, top.size() + 1, top + '/') == 0)
    path.erase(0, top.size());
  else
    path.clear();
  if ((path + '/').compare(0, 4, "/../") == 0)
    path.clear(); // a group outside of this cgroup namespace
  std::vector<std::string> found;
  for (;;) {
    while (!path.empty() && path.back() == '/')
      path.pop_back();
    found.push_back(root + tree.mount + path);
    if (path.empty())
      return found;
    path.erase(path.rfind('/'));
  }
}

/// The folders of all groups around this process that `controller` may limit.
std::vector<std::string> groups(const std::string& root, const std::string& controller) {
  std::vector<std::string> found;
  const auto cgroup = contents(root + "/proc/self/cgroup");
  for (const auto& tree : hierarchies(contents(root + "/proc/self/mountinfo"), controller))
    if (const auto path = group_of(cgroup, tree.unified, controller))
      for (auto& folder : folders(root, tree, *path))
        found.push_back(std::move(folder));
  return found;
}

/// The processors that "QUOTA PERIOD" (version 2) or both numbers alone (version 1) allow.
double processors(std::optional<std::size_t> quota, std::optional<std::size_t> period) {
  return quota && period && *period != 0 ? static_cast<double>(*quota) / static_cast<double>(*period) : no_limit;
}

} // namespace

std::size_t allowed_memory(const std::string& root) {
  auto allowed = physical_memory(root);
  for (const auto& group : groups(root, "memory"))
    for (const char* file : {"/memory.max", "/memory.high", "/memory.limit_in_bytes"})
      allowed = std::min(allowed, number(contents(group + file)).value_or(unlimited));
  return allowed == unlimited ? 0 : allowed;
}

double allowed_processors(const std::string& root) {
  auto allowed = no_limit;
  for (const auto& group : groups(root, "cpu")) {
    const auto both = contents(group + "/cpu.max");
    const auto blank = both.find(' ');
    if (blank != std::string::npos)
      allowed = std::min(allowed, processors(number(both), number(std::string_view{both}.substr(blank))));
    allowed = std::min(allowed, processors(number(contents(group + "/cpu.cfs_quota_us")),
                                           number(contents(group + "/cpu.cfs_period_us"))));
  }
  return allowed;
}

std::size_t default_memory_limit() {
  constexpr std::size_t when_unknown = std::size_t{2} << 30;
  const auto allowed = allowed_memory({});
  return (allowed == 0 ? when_unknown : allowed) / 2;
}

int default_threads() {
  const auto cores = static_cast<double>(std::max(1u, std::thread::hardware_concurrency()));
  return static_cast<int>(std::ceil(std::min(cores, allowed_processors({}))));
}

} // namespace crema::internal
