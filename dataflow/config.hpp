#pragma once

#include <cstddef>
#include <string>

namespace crema {

/// How a context runs: what `crema::init` reads from flags, environment and profile, or what a service fills in itself.
///
///     crema::config config;
///     config.master = "local[4]";
///     config.memory_limit = 2ull << 30;
///     crema::context ctx{config};
///
/// A plain value; `context` checks it (see validate) and throws invalid_argument naming the field.
struct config {
  /// Where the work runs: "local" or "local[*]" (all cores), "local[N]" (N threads, 1 to 1024), "processes[N]"
  /// (N worker processes, 1 to 64), "crema://HOST:PORT[,HOST:PORT…]" (the nodes of the cluster whose controller is
  /// there, with the keys of the profile that CREMA_PROFILE names, or of "default"), "profile:NAME" (those of that
  /// profile's cluster), or "inline" (the caller's thread; the reference engine). In worker processes and on nodes this
  /// same program runs, so its main must begin with crema::init.
  std::string master = "local";

  /// Nodes of a cluster that a context waits for, at least.
  int min_nodes = 1;

  /// Bytes that exchange buffers, hash tables, sort runs, groups and caches may hold together; 0 is half of what the
  /// machine or its cgroup allows, and 1 MiB the least.
  std::size_t memory_limit = 0;

  /// Where spill files go, a directory; empty is $TMPDIR, else /var/tmp.
  std::string spill_directory;

  /// Partitions of a dataset that says nothing about it; 0 is the number of threads.
  int default_parallelism = 0;

  /// Tasks of one stage that wait at once, where its functions are marked crema::io_bound: on each worker, 1 to 4096.
  int io_slots = 256;

  /// Jobs of at most this many records (where the sources can tell) run in the thread that waits for them, and on
  /// others too if their first tasks take long; 0 turns that off.
  std::size_t inline_records = 2048;

  /// Whether long jobs show a progress bar on stderr: only a terminal gets one.
  bool progress = true;

  /// A file that gets a JSON array of the metrics of every job, as it ends; empty is none. Each context begins it anew.
  std::string metrics_file;
};

/// Throws invalid_argument naming the first field whose value is out of range, the value and the range; for a master,
/// what parse_master throws. Pure: whether a directory or a file can be written is found out by the context.
void validate(const config& settings);

/// What `config.master` says, taken apart.
struct master {
  enum class kind { local, processes, controllers, profile, inline_ };
  kind where = kind::local;
  int count = 0;       ///< of threads, 0 is one for each core; or of processes
  std::string named{}; ///< the addresses of a cluster's controllers, with commas between them; or its profile
};

/// Throws invalid_argument for a text that is no master; whether addresses are some is found out by who dials them.
master parse_master(const std::string& text);

} // namespace crema
