#include "dataflow/config.hpp"

#include "dataflow/error.hpp"
#include "dataflow/nearest_name.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace crema {

namespace {

constexpr int most_threads = 1024;
constexpr std::size_t least_memory = std::size_t{1} << 20;
constexpr int most_processes = 64;
constexpr int most_io_slots = 4096;
constexpr std::size_t most_memory = std::size_t{1} << 60;
constexpr std::string_view known_masters =
  R"("local", "local[N]", "local[*]", "processes[N]", "crema://HOST:PORT", "profile:NAME" and "inline")";
constexpr std::string_view controllers_are = "crema://";
constexpr std::string_view profile_is = "profile:";

std::string quoted(std::string_view text) {
  return '"' + std::string{text} + '"';
}

/// What stands between `open` at the beginning of `text` and "]" at its end.
std::optional<std::string_view> between(std::string_view text, std::string_view open) {
  if (!text.starts_with(open) || text.size() == open.size() || text.back() != ']')
    return {};
  return text.substr(open.size(), text.size() - open.size() - 1);
}

[[noreturn]] void refuse_master(const std::string& text) {
  static constexpr std::array<std::string_view, 5> names{"local", "processes", "inline", "crema://", "profile:"};
  const auto begin = std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), text.size());
  const auto end = std::min(text.find_first_not_of(":/", begin), text.size());
  const auto word = std::string_view{text}.substr(0, end);
  throw error{errc::invalid_argument, fmt::format("master: {} is none; there are {}{}", quoted(text), known_masters,
                                                  internal::did_you_mean(word, names))};
}

/// The number in the brackets of the master `text`.
int count_in(std::string_view digits, int most, const std::string& text, const char* of_what, const char* or_else) {
  int count = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (problem != std::errc{} || end != digits.data() + digits.size() || count < 1 || count > most)
    throw error{errc::invalid_argument, fmt::format("master: {}: the number of {} must be from 1 to {}{}", quoted(text),
                                                    of_what, most, or_else)};
  return count;
}

[[noreturn]] void refuse(std::string_view field, const std::string& value, std::string_view range) {
  throw error{errc::invalid_argument, fmt::format("{}: {} is out of range: {}", field, value, range)};
}

void refuse_nul(std::string_view field, const std::string& path) {
  if (path.find('\0') != std::string::npos)
    throw error{errc::invalid_argument, fmt::format("{}: a path cannot have a NUL byte", field)};
}

} // namespace

master parse_master(const std::string& text) {
  if (text == "local" || text == "local[*]")
    return {master::kind::local, 0};
  if (text == "inline")
    return {master::kind::inline_, 1};
  if (text.starts_with(controllers_are))
    return {master::kind::controllers, 0, text.substr(controllers_are.size())};
  if (text.starts_with(profile_is))
    return {master::kind::profile, 0, text.substr(profile_is.size())};
  if (const auto threads = between(text, "local["))
    return {master::kind::local, count_in(*threads, most_threads, text, "threads", ", or * for one for each core")};
  if (const auto processes = between(text, "processes["))
    return {master::kind::processes, count_in(*processes, most_processes, text, "processes", "")};
  refuse_master(text);
}

void validate(const config& settings) {
  parse_master(settings.master);
  if (settings.memory_limit != 0 && (settings.memory_limit < least_memory || settings.memory_limit > most_memory))
    refuse("memory_limit", std::to_string(settings.memory_limit) + " bytes",
           "from 1048576 (1 MiB) to 1152921504606846976 (1 EiB), or 0 for half of what this machine allows");
  if (settings.min_nodes < 1)
    refuse("min_nodes", std::to_string(settings.min_nodes), "1 or more nodes");
  if (settings.default_parallelism < 0)
    refuse("default_parallelism", std::to_string(settings.default_parallelism),
           "1 or more partitions, or 0 for the number of threads");
  if (settings.io_slots < 1 || settings.io_slots > most_io_slots)
    refuse("io_slots", std::to_string(settings.io_slots), "from 1 to 4096");
  if (settings.inline_records > static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max()))
    refuse("inline_records", std::to_string(settings.inline_records), "at most 9223372036854775807, or 0 for never");
  refuse_nul("spill_directory", settings.spill_directory);
  refuse_nul("metrics_file", settings.metrics_file);
}

} // namespace crema
