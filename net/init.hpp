#pragma once

#include "dataflow/config.hpp"

#include <string>

namespace crema {

/// The configuration that a program's flags and environment ask for.
///
///     int main(int argc, char** argv) {
///       crema::context ctx{crema::init(argc, argv)};
///
/// | flag                     | environment          | value                                                          |
/// | ------------------------ | -------------------- | -------------------------------------------------------------- |
/// | --crema-master           | CREMA_MASTER         | local, local[N], local[*], processes[N], crema://HOST:PORT,    |
/// |                          |                      | profile:NAME or inline                                         |
/// | --crema-nodes            | CREMA_NODES          | nodes of a cluster to wait for, at least                       |
/// | --crema-memory           | CREMA_MEMORY         | 268435456, 256MiB, 2G (powers of 1024), 500MB (of 1000), 50%   |
/// | --crema-spill-dir        | CREMA_SPILL_DIR      | a directory                                                    |
/// | --crema-parallelism      | CREMA_PARALLELISM    | partitions of a dataset that says nothing about it             |
/// | --crema-inline-records   | CREMA_INLINE_RECORDS | jobs of at most so many records run in the caller's thread     |
/// | --crema-progress         | CREMA_PROGRESS       | auto or on (a bar where stderr is a terminal), off             |
/// | --crema-metrics          | CREMA_METRICS        | a file for the metrics of all jobs                             |
///
/// A flag is written `--flag=value` or `--flag value` and wins over the environment, which wins over the defaults of
/// `config`; of a flag given twice the last counts, and a variable is not looked at when it is empty or its flag given.
/// The flags are taken out of argv, and argc shrinks, so that a parser of the program's own does not see them; what
/// stands behind a bare `--` is left alone.
/// `--crema-help` prints what is above and ends the program.
/// In a process that was started for another one of the same program, by the master processes[N] or by a node, this
/// never returns: so it should come first in main, before whatever only the first process should do.
///
/// Throws invalid_argument naming the flag or variable, its value and what it may be: unknown `--crema-…` flags and bad
/// values. argc and argv are as they were then.
config init(int& argc, char** argv);

/// The same for a caller who keeps the flags: nothing is taken out.
config init(const int& argc, const char* const* argv);

/// The flags as text, to stand below a program's own help.
std::string init_help();

} // namespace crema
