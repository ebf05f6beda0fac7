#include "actors/placement.hpp"

#include <algorithm>

namespace crema::actors {

std::vector<std::vector<int>> place(const std::vector<int>& partitions, std::size_t hosts, int attempt) {
  std::vector<std::vector<int>> shares(hosts);
  for (std::size_t task = 0; task != partitions.size(); ++task)
    shares[host_of(partitions[task], hosts, attempt)].push_back(static_cast<int>(task));
  return shares;
}

std::size_t host_of(int partition, std::size_t hosts, int attempt) noexcept {
  // Each round of `hosts` partitions is dealt from another host on, the later the attempt the farther from the last.
  const auto index = static_cast<std::size_t>(partition);
  return (index + (index / hosts + 1) * static_cast<std::size_t>(attempt)) % hosts;
}

int ended_prefix(const std::vector<std::vector<int>>& shares, const std::vector<int>& ended) {
  int tasks = 0;
  for (const auto& share : shares)
    tasks += static_cast<int>(share.size());
  int prefix = tasks;
  for (std::size_t i = 0; i != shares.size(); ++i)
    if (const auto first_open = static_cast<std::size_t>(ended[i]); first_open != shares[i].size())
      prefix = std::min(prefix, shares[i][first_open]);
  return prefix;
}

} // namespace crema::actors
