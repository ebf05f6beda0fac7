#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/plan/task.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace crema::internal {

/// How a task sorts records into channels: a block under construction for each, handed over when it is full.
/// All of them together hold about 4 MiB, so more channels mean smaller blocks.
template <class T>
class channel_writer {
public:
  explicit channel_writer(int channels) {
    builders_.reserve(static_cast<std::size_t>(channels));
    for (int c = 0; c != channels; ++c)
      builders_.emplace_back(block_bytes(channels));
  }

  template <class... Args>
  [[gnu::always_inline]] void add(int channel, Args&&... args) {
    auto& builder = builders_[static_cast<std::size_t>(channel)];
    if (builder.add(std::forward<Args>(args)...)) [[unlikely]]
      full_.push_back({channel, builder.take()});
  }

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
  }

private:
  static std::size_t block_bytes(int channels) {
    constexpr std::size_t together = std::size_t{4} << 20;
    return std::clamp<std::size_t>(together / static_cast<std::size_t>(channels), 4096, default_block_bytes);
  }

  struct filled {
    int channel;
    block_ptr records;
  };

  std::vector<block_builder<T>> builders_;
  std::vector<filled> full_;
};

} // namespace crema::internal
