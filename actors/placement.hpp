#pragma once

#include <cstddef>
#include <vector>

namespace crema::actors {

/// Which tasks of a stage each of `hosts` hosts runs: by index in the stage, ascending. `partitions[i]` is the
/// partition that task i computes.
///
///     place({0, 1, 2, 3, 4}, 2, 0) // {0, 2, 4}, {1, 3}
///
/// A partition always comes to the same host, so a stage finds what another one stored of it where it runs; and
/// neighbours come to different ones, so a job that needs only the first partitions uses all hosts. After a loss, the
/// next attempt parts those that were together: if it was too much for a worker, or if one of them ends its worker, the
/// others need not meet it again. Pure.
std::vector<std::vector<int>> place(const std::vector<int>& partitions, std::size_t hosts, int attempt);

/// The host of a partition.
std::size_t host_of(int partition, std::size_t hosts, int attempt) noexcept;

/// How many of the first tasks of a stage have ended, of which `shares` are a division, when so many of the first tasks
/// of each share have. Pure.
int ended_prefix(const std::vector<std::vector<int>>& shares, const std::vector<int>& ended);

} // namespace crema::actors
