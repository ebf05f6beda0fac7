#pragma once

#include "apps/bench/workload.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

/// What the workloads of the network move: blocks that begin with their number, from a process to another.
namespace crema::bench {

inline constexpr std::size_t transfer_block_bytes = std::size_t{256} << 10;

/// 4 GiB at scale 1.
inline std::uint64_t transfer_blocks(const workload_config& config) {
  return config.scaled(16'384);
}

/// What the receiver has seen.
struct transfer_digest {
  std::uint64_t blocks = 0;
  std::uint64_t weighted = 0;

  void add(std::uint64_t number) {
    ++blocks;
    weighted += blocks * number;
  }
  std::string text() const { return "blocks=" + std::to_string(blocks) + " order=" + std::to_string(weighted); }
};

} // namespace crema::bench
