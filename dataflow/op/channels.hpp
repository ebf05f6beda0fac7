#pragma once

#include "dataflow/block/block_queue.hpp"
#include "dataflow/plan/task.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace crema::internal {

/// How a task sorts records into channels: a block under construction for each, handed over when it is full.
/// All of them together hold about 4 MiB, or less where the budget is small, so more channels mean smaller blocks.
template <class T>
class channel_writer {
public:
  channel_writer(worker_resources& resources, int channels) : filling_{resources.memory} {
    const auto count = static_cast<std::size_t>(channels);
    const auto together = resources.buffer_bytes(std::size_t{4} << 20);
    const auto each = std::clamp<std::size_t>(together / count, 4096, default_block_bytes);
    builders_.reserve(count);
    for (int c = 0; c != channels; ++c)
      builders_.emplace_back(each);
    filling_.resize(count * each);
  }

  template <class... Args>
  [[gnu::always_inline]] void add(int channel, Args&&... args) {
    auto& builder = builders_[static_cast<std::size_t>(channel)];
    if (builder.add(std::forward<Args>(args)...)) [[unlikely]]
      full_.push_back({channel, builder.take()});
  }

  /// Whether a flush should come before the next record.
  bool full() const noexcept { return !full_.empty(); }

  /// Emits the full blocks.
  void flush(emitter& out) {
    for (auto& [channel, records] : full_)
      out.emit(channel, std::move(records));
    full_.clear();
  }

  /// Emits all that is left, too.
  void finish(emitter& out) {
    flush(out);
    for (std::size_t c = 0; c != builders_.size(); ++c)
      if (auto records = builders_[c].take())
        out.emit(static_cast<int>(c), std::move(records));
    filling_.resize(0);
  }

private:
  struct filled {
    int channel;
    block_ptr records;
  };

  reservation filling_;
  std::vector<block_builder<T>> builders_;
  std::vector<filled> full_;
};

} // namespace crema::internal
