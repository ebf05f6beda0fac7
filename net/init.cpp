#include "net/init.hpp"

#include "dataflow/error.hpp"
#include "dataflow/nearest_name.hpp"
#include "net/address.hpp"
#include "net/jobs/run_worker.hpp"
#include "net/launcher/worker.hpp"
#include "net/value_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <vector>

namespace crema {

namespace {

bool progress(std::string_view text) {
  if (text != "auto" && text != "on" && text != "off")
    throw error{errc::invalid_argument, "expected auto, on or off"};
  return text != "off";
}

/// The master, whose addresses are some, too.
std::string master_of(std::string_view text) {
  std::string found{text};
  if (const auto parsed = parse_master(found); parsed.where == master::kind::controllers)
    net::parse_addresses(parsed.named);
  return found;
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
  flag{
    "--crema-master", "CREMA_MASTER", "MASTER",
    "where the work runs: local (all cores; the default), local[N], processes[N], crema://HOST:PORT, profile:NAME or "
    "inline",
    [](config& c, std::string_view v) { c.master = master_of(v); }},
  flag{"--crema-nodes", "CREMA_NODES", "N", "nodes of a cluster to wait for, at least (default: 1)",
       [](config& c, std::string_view v) {
         c.min_nodes =
           static_cast<int>(net::parse_number(v, std::numeric_limits<int>::max(), "expected a number of nodes"));
       }},
  flag{"--crema-memory", "CREMA_MEMORY", "BYTES", "memory for records, such as 256MiB, 2G or 25% (default: 50%)",
       [](config& c, std::string_view v) { c.memory_limit = net::parse_memory(v); }},
  flag{"--crema-spill-dir", "CREMA_SPILL_DIR", "DIR", "where what exceeds it goes (default: $TMPDIR, or /var/tmp)",
       [](config& c, std::string_view v) { c.spill_directory = net::parse_path(v); }},
  flag{"--crema-parallelism", "CREMA_PARALLELISM", "N", "partitions where a program names none (default: the threads)",
       [](config& c, std::string_view v) {
         c.default_parallelism =
           static_cast<int>(net::parse_number(v, std::numeric_limits<int>::max(), "expected a number of partitions"));
       }},
  flag{"--crema-io-slots", "CREMA_IO_SLOTS", "N", "calls marked io_bound that wait at once on a worker (default: 256)",
       [](config& c, std::string_view v) {
         c.io_slots =
           static_cast<int>(net::parse_number(v, std::numeric_limits<int>::max(), "expected a number of slots"));
       }},
  flag{"--crema-inline-records", "CREMA_INLINE_RECORDS", "N",
       "jobs of at most N records run in the caller's thread (default: 2048)",
       [](config& c, std::string_view v) {
         c.inline_records =
           net::parse_number(v, std::numeric_limits<std::int64_t>::max(), "expected a number of records");
       }},
  flag{"--crema-progress", "CREMA_PROGRESS", "WHEN", "a progress bar on stderr: auto, on (terminals only) or off",
       [](config& c, std::string_view v) { c.progress = progress(v); }},
  flag{"--crema-metrics", "CREMA_METRICS", "FILE", "writes what every job did to a file, as JSON",
       [](config& c, std::string_view v) { c.metrics_file = net::parse_path(v); }},
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
  net::run_if_worker(net::run_worker);
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
  net::run_if_worker(net::run_worker);
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
