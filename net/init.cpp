#include "net/init.hpp"

#include "dataflow/error.hpp"
#include "dataflow/machine_limits.hpp"
#include "dataflow/nearest_name.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace crema {

namespace {

// -- values ---------------------------------------------------------------------------------------------------------
// Each reader takes the text of a value and throws what it should have been; who calls adds where it came from.

[[noreturn]] void refuse(const std::string& expected) {
  throw error{errc::invalid_argument, expected};
}

/// The whole number that `text` begins with, taken off it; nothing where there is none or it is too large.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{})
    return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::uint64_t number(std::string_view text, std::uint64_t most, const char* expected) {
  const auto value = take_number(text);
  if (!value || !text.empty() || *value > most)
    refuse(expected);
  return *value;
}

/// The bytes that a unit stands for: "", "B", "K", "KiB", "KB", …, in any case; 0 for what is none.
std::uint64_t bytes_of_unit(std::string_view unit) {
  std::string lower{unit};
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (lower.empty() || lower == "b")
    return 1;
  const auto power = std::string_view{"kmgt"}.find(lower[0]);
  const auto rest = std::string_view{lower}.substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "ib" && rest != "b"))
    return 0;
  std::uint64_t bytes = 1;
  for (std::size_t i = 0; i <= power; ++i)
    bytes *= rest == "b" ? 1000 : 1024;
  return bytes;
}

std::size_t memory(std::string_view text) {
  static constexpr auto expected = "expected whole bytes such as 268435456, 256MiB or 2G, or a share such as 50%";
  const auto value = take_number(text);
  if (!value)
    refuse(expected);
  if (text == "%") {
    if (*value < 1 || *value > 100)
      refuse("expected a share from 1% to 100% of this machine's memory");
    return internal::default_memory_limit() / 50 * *value; // the default is a half
  }
  const auto unit = bytes_of_unit(text);
  if (unit == 0 || *value > std::numeric_limits<std::size_t>::max() / unit)
    refuse(expected);
  return *value * unit;
}

bool progress(std::string_view text) {
  if (text != "auto" && text != "on" && text != "off")
    refuse("expected auto, on or off");
  return text != "off";
}

std::string path(std::string_view text) {
  if (text.empty())
    refuse("expected a path");
  return std::string{text};
}

// -- flags ----------------------------------------------------------------------------------------------------------

struct flag {
  std::string_view name;
  const char* variable;
  std::string_view value;
  std::string_view help;
  void (*apply)(config&, std::string_view);
};

constexpr std::array flags{
  flag{"--crema-master", "CREMA_MASTER", "MASTER",
       "where the work runs: local (all cores; the default), local[N] or inline",
       [](config& c, std::string_view v) { c.master = v; }},
  flag{"--crema-memory", "CREMA_MEMORY", "BYTES", "memory for records, such as 256MiB, 2G or 25% (default: 50%)",
       [](config& c, std::string_view v) { c.memory_limit = memory(v); }},
  flag{"--crema-spill-dir", "CREMA_SPILL_DIR", "DIR", "where what exceeds it goes (default: $TMPDIR, or /var/tmp)",
       [](config& c, std::string_view v) { c.spill_directory = path(v); }},
  flag{"--crema-parallelism", "CREMA_PARALLELISM", "N", "partitions where a program names none (default: the threads)",
       [](config& c, std::string_view v) {
         c.default_parallelism =
           static_cast<int>(number(v, std::numeric_limits<int>::max(), "expected a number of partitions"));
       }},
  flag{"--crema-inline-records", "CREMA_INLINE_RECORDS", "N",
       "jobs of at most N records run in the caller's thread (default: 2048)",
       [](config& c, std::string_view v) {
         c.inline_records = number(v, std::numeric_limits<std::int64_t>::max(), "expected a number of records");
       }},
  flag{"--crema-progress", "CREMA_PROGRESS", "WHEN", "a progress bar on stderr: auto, on (terminals only) or off",
       [](config& c, std::string_view v) { c.progress = progress(v); }},
  flag{"--crema-metrics", "CREMA_METRICS", "FILE", "writes what every job did to a file, as JSON",
       [](config& c, std::string_view v) { c.metrics_file = path(v); }},
};

/// Sets one value; `where` is the flag or the variable that it came from.
void set(config& settings, const flag& to, std::string_view where, std::string_view value) {
  try {
    to.apply(settings, value);
    validate(settings);
  } catch (const error& e) {
    throw error{e.code(), fmt::format("{} \"{}\": {}", where, value, e.text())};
  }
}

[[noreturn]] void refuse_unknown(std::string_view name) {
  std::vector<std::string_view> names{"--crema-help"};
  for (const auto& known : flags)
    names.push_back(known.name);
  throw error{errc::invalid_argument,
              fmt::format("unknown flag {}{} (--crema-help lists all)", name, internal::did_you_mean(name, names))};
}

std::size_t index_of(std::string_view name) {
  const auto found = std::ranges::find(flags, name, &flag::name);
  if (found == flags.end())
    refuse_unknown(name);
  return static_cast<std::size_t>(found - flags.begin());
}

[[noreturn]] void show_help() {
  std::fputs(init_help().c_str(), stdout);
  std::fflush(stdout);
  std::exit(0);
}

struct command_line {
  config settings;
  std::array<bool, flags.size()> given{};
  std::vector<int> others; ///< the arguments that are not crema's
};

/// Takes the flag at argument `i`, and moves `i` to its value where that is the next argument.
void take_flag(command_line& found, int argc, const char* const* argv, int& i) {
  const std::string_view argument = argv[i];
  const auto name = argument.substr(0, argument.find('='));
  const auto which = index_of(name);
  const auto& to = flags[which];
  if (name.size() != argument.size())
    set(found.settings, to, name, argument.substr(name.size() + 1));
  else if (i + 1 < argc && !std::string_view{argv[i + 1]}.starts_with("--"))
    set(found.settings, to, name, argv[++i]);
  else
    throw error{errc::invalid_argument, fmt::format("{0} needs a value: {0}={1}", name, to.value)};
  found.given[which] = true;
}

command_line read(int argc, const char* const* argv) {
  command_line found;
  bool ours = true;
  for (int i = 0; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (ours && argument == "--crema-help")
      show_help();
    if (ours && i > 0 && argument.starts_with("--crema-")) {
      take_flag(found, argc, argv, i);
      continue;
    }
    ours = ours && argument != "--";
    found.others.push_back(i);
  }
  for (std::size_t i = 0; i != flags.size(); ++i)
    if (const char* value = std::getenv(flags[i].variable); !found.given[i] && value != nullptr && *value != '\0')
      set(found.settings, flags[i], flags[i].variable, value);
  return found;
}

} // namespace

config init(int& argc, char** argv) {
  auto found = read(argc, argv);
  int kept = 0;
  for (const int i : found.others)
    argv[kept++] = argv[i];
  if (kept < argc)
    argv[kept] = nullptr;
  argc = kept;
  return std::move(found.settings);
}

config init(const int& argc, const char* const* argv) {
  return read(argc, argv).settings;
}

std::string init_help() {
  std::string text = "Flags of crema, each also as an environment variable (CREMA_MASTER, …):\n";
  for (const auto& known : flags) {
    auto line = "  " + std::string{known.name} + '=' + std::string{known.value};
    line.resize(std::max<std::size_t>(line.size() + 1, 32), ' ');
    text += line + std::string{known.help} + '\n';
  }
  return text + "  --crema-help                  shows this\n";
}

} // namespace crema
