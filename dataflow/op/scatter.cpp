#include "dataflow/op/scatter.hpp"

namespace crema::internal {

ordered_queues::sent& ordered_queues::of(int producer) {
  const auto index = static_cast<std::size_t>(producer);
  if (index >= queues_.size())
    queues_.resize(index + 1);
  return queues_[index];
}

void ordered_queues::absorb(int, int producer, block_ptr records) {
  auto& from = of(producer);
  if (from.blocks == nullptr)
    from.blocks = std::make_unique<block_queue>(task_->resources(), codec_, what_);
  from.blocks->push(std::move(records));
}

void ordered_queues::producer_done(int, int producer) {
  of(producer).done = true;
}

bool ordered_queues::next(block_ptr& out, std::size_t) {
  out = {};
  for (; turn_ < queues_.size(); ++turn_) {
    auto& from = queues_[turn_];
    if (from.blocks && from.next != from.blocks->size()) {
      out = from.blocks->take(from.next++);
      return true;
    }
    if (!from.done && !all_done_)
      break;
    if (from.blocks) {
      task_->counters.spilled_bytes += from.blocks->spilled_bytes();
      from.blocks.reset();
    }
  }
  return !(all_done_ && turn_ >= queues_.size());
}

} // namespace crema::internal
