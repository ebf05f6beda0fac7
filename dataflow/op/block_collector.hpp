#pragma once

#include "dataflow/result_handler.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace crema::internal {

/// Keeps the result blocks of each task.
class block_collector final : public result_handler {
public:
  explicit block_collector(std::size_t tasks);
  ~block_collector() override;

  void accept(int task, block_ptr records, credit_token) override;
  bool discard(int task) override;

  std::size_t records() const noexcept;
  std::vector<std::vector<block_ptr>>& by_task() noexcept { return blocks_; }

private:
  std::vector<std::vector<block_ptr>> blocks_;
};

std::shared_ptr<block_collector> collect_blocks(int tasks);

} // namespace crema::internal
