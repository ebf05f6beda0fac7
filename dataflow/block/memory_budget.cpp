#include "dataflow/block/memory_budget.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace crema::internal {

memory_budget::memory_budget(std::size_t limit) noexcept : limit_{limit} {}

bool memory_budget::try_reserve(std::size_t bytes) noexcept {
  auto used = used_.load(std::memory_order_relaxed);
  do {
    if (used > limit_ || bytes > limit_ - used)
      return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  note_peak(used + bytes);
  return true;
}

void memory_budget::force_reserve(std::size_t bytes) noexcept {
  note_peak(used_.fetch_add(bytes, std::memory_order_relaxed) + bytes);
}

void memory_budget::release(std::size_t bytes) noexcept {
  [[maybe_unused]] const auto before = used_.fetch_sub(bytes, std::memory_order_relaxed);
  assert(before >= bytes);
}

std::size_t memory_budget::limit() const noexcept {
  return limit_;
}

std::size_t memory_budget::used() const noexcept {
  return used_.load(std::memory_order_relaxed);
}

std::size_t memory_budget::peak() const noexcept {
  return peak_.load(std::memory_order_relaxed);
}

void memory_budget::note_peak(std::size_t used) noexcept {
  auto peak = peak_.load(std::memory_order_relaxed);
  while (used > peak && !peak_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
  }
}

reservation::reservation(memory_budget& budget) noexcept : budget_{&budget} {}

reservation::reservation(reservation&& other) noexcept
    : budget_{other.budget_}, bytes_{std::exchange(other.bytes_, 0)} {}

reservation& reservation::operator=(reservation&& other) noexcept {
  if (this != &other) {
    resize(0);
    budget_ = other.budget_;
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

reservation::~reservation() {
  resize(0);
}

bool reservation::try_resize(std::size_t total) noexcept {
  if (budget_ != nullptr && total > bytes_ && !budget_->try_reserve(total - bytes_))
    return false;
  if (budget_ != nullptr && total < bytes_)
    budget_->release(bytes_ - total);
  bytes_ = total;
  return true;
}

void reservation::resize(std::size_t total) noexcept {
  if (budget_ != nullptr && total > bytes_)
    budget_->force_reserve(total - bytes_);
  else if (budget_ != nullptr && total < bytes_)
    budget_->release(bytes_ - total);
  bytes_ = total;
}

namespace {

constexpr auto unlimited = std::numeric_limits<std::size_t>::max();

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
std::vector<hierarchy> memory_hierarchies(const std::string& mountinfo) {
  std::vector<hierarchy> found;
  for (const auto& line : split(mountinfo, '\n')) {
    const auto fields = split(line, ' ');
    const auto dash = static_cast<std::size_t>(std::find(fields.begin(), fields.end(), "-") - fields.begin());
    if (fields.size() < 6 || dash + 3 >= fields.size())
      continue;
    const auto& type = fields[dash + 1];
    if (type == "cgroup2" || (type == "cgroup" && contains(split(fields[dash + 3], ','), "memory")))
      found.push_back({type == "cgroup2", unescaped(fields[3]), unescaped(fields[4])});
  }
  return found;
}

/// /proc/self/cgroup: ID:CONTROLLERS:PATH, where version 2 is ID 0 without controllers.
std::optional<std::string> group_of(const std::string& cgroup, bool unified) {
  for (const auto& line : split(cgroup, '\n')) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos)
      continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    if (unified ? controllers.empty() : contains(split(controllers, ','), "memory"))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

/// The least limit of the group at `path` below the mounted one and of all groups above it.
std::size_t least_limit(const std::string& root, const hierarchy& tree, std::string path) {
  // A container often sees only its own subtree, mounted as the top, while its path is told from the real root.
  const auto top = tree.top == "/" ? std::string{} : tree.top;
  if ((path + '/').compare(0, top.size() + 1, top + '/') == 0)
    path.erase(0, top.size());
  else
    path.clear();
  if ((path + '/').compare(0, 4, "/../") == 0)
    path.clear(); // a group outside of this cgroup namespace
  auto least = unlimited;
  for (;;) {
    while (!path.empty() && path.back() == '/')
      path.pop_back();
    const auto folder = root + tree.mount + path;
    for (const char* file : {"/memory.max", "/memory.high", "/memory.limit_in_bytes"})
      least = std::min(least, number(contents(folder + file)).value_or(unlimited));
    if (path.empty())
      return least;
    path.erase(path.rfind('/'));
  }
}

} // namespace

std::size_t allowed_memory(const std::string& root) {
  auto allowed = physical_memory(root);
  const auto cgroup = contents(root + "/proc/self/cgroup");
  for (const auto& tree : memory_hierarchies(contents(root + "/proc/self/mountinfo")))
    if (const auto path = group_of(cgroup, tree.unified))
      allowed = std::min(allowed, least_limit(root, tree, *path));
  return allowed == unlimited ? 0 : allowed;
}

std::size_t default_memory_limit() {
  constexpr std::size_t when_unknown = std::size_t{2} << 30;
  const auto allowed = allowed_memory({});
  return (allowed == 0 ? when_unknown : allowed) / 2;
}

} // namespace crema::internal
