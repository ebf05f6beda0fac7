#include "dataflow/op/block_collector.hpp"

#include <utility>

namespace crema::internal {

block_collector::block_collector(std::size_t tasks) : blocks_(tasks) {}
block_collector::~block_collector() = default;

void block_collector::accept(int task, block_ptr records, credit_token) {
  blocks_[static_cast<std::size_t>(task)].push_back(std::move(records));
}

bool block_collector::discard(int task) {
  blocks_[static_cast<std::size_t>(task)].clear();
  return true;
}

std::size_t block_collector::records() const noexcept {
  std::size_t all = 0;
  for (const auto& part : blocks_)
    for (const auto& records : part)
      all += records->size();
  return all;
}

std::shared_ptr<block_collector> collect_blocks(int tasks) {
  return std::make_shared<block_collector>(static_cast<std::size_t>(tasks));
}

} // namespace crema::internal
