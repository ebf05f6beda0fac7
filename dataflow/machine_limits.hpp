#pragma once

#include <cstddef>
#include <string>

namespace crema::internal {

// What the machine and the control groups (version 1 and 2) around this process allow it. Groups are those from
// /proc/self/cgroup up to where the hierarchy is mounted. Files that cannot be read or understood set no limit. An
// empty `root` is this machine; another one is a folder that looks like it.

/// Bytes: the least of /proc/meminfo's total and the groups' limits; 0 where nothing could be read at all.
std::size_t allowed_memory(const std::string& root);

/// Processors that may be busy at a time, by the groups' quotas; infinity without any.
double allowed_processors(const std::string& root);

/// Half of the allowed memory.
std::size_t default_memory_limit();

/// One for each processor that this process may keep busy.
int default_threads();

} // namespace crema::internal
