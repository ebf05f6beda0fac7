#pragma once

#include "dataflow/op/scatter.hpp"
#include "dataflow/plan/fused_task.hpp"
#include "dataflow/plan/stage.hpp"
#include "dataflow/rdd.hpp"

#include <memory>
#include <vector>

namespace crema {

namespace internal {

/// Keeps a partition's records until all partitions are counted, then sends each with its index to its own partition.
template <class T>
class index_sender {
  using indexed = std::pair<T, std::int64_t>;
  using offsets = std::vector<std::int64_t>;

public:
  index_sender(task_scope& task, const node* at, const block_codec* codec)
      : task_{&task}, kept_{task.resources(), codec, std::string{at->op()} + " at " + to_string(at->where())} {}

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    auto sink = [this]<class X>(X && x) __attribute__((always_inline)) {
      if (builder_.add(std::forward<X>(x))) [[unlikely]]
        kept_.push(builder_.take());
    };
    return from.pump(sink, n);
  }

  void flush(emitter&) {}

  step_result finish(emitter& out, std::chrono::steady_clock::time_point until) {
    const int partition = task_->id().partition;
    if (!next_index_) {
      kept_.push(builder_.take());
      task_->counters.spilled_bytes += kept_.spilled_bytes();
      return step_result::barrier;
    }
    while (next_ != kept_.size()) {
      block_builder<indexed> numbered{~std::size_t{0}};
      auto records = kept_.take(next_++);
      auto& typed = block_cast<T>(records);
      const bool ours = typed.movable();
      for (auto& record : typed)
        if (ours)
          numbered.add(std::move(record), (*next_index_)++);
        else
          numbered.add(std::as_const(record), (*next_index_)++);
      out.emit(partition, numbered.take());
      if (out.blocked() || out.now() >= until)
        return step_result::more;
    }
    return step_result::done;
  }

  std::shared_ptr<const void> contribution() {
    return std::make_shared<const std::int64_t>(static_cast<std::int64_t>(kept_.records()));
  }

  void resolve(const std::shared_ptr<const void>& agreed) {
    next_index_ = (*std::static_pointer_cast<const offsets>(agreed))[static_cast<std::size_t>(task_->id().partition)];
  }

  static std::shared_ptr<const void> agree(const std::vector<std::shared_ptr<const void>>& said) {
    auto from = std::make_shared<offsets>();
    std::int64_t sum = 0;
    for (const auto& count : said) {
      from->push_back(sum);
      sum += *std::static_pointer_cast<const std::int64_t>(count);
    }
    return from;
  }

private:
  task_scope* task_;
  block_builder<T> builder_;
  block_queue kept_;
  std::size_t next_ = 0;
  std::optional<std::int64_t> next_index_;
};

template <class Link>
class index_node final : public dataset<std::pair<typename Link::value_type, std::int64_t>>, public shuffle_base {
  using T = typename Link::value_type;

public:
  index_node(node_info info, Link parent)
      : dataset<std::pair<T, std::int64_t>>{info, dependency::wide, parent.at->partitions(), {parent.at}},
        parent_{std::move(parent)} {}

  std::unique_ptr<block_operator> open(task_scope& task, int) const override {
    return std::make_unique<ordered_reader>(task, this->codec(), "zip_with_index at " + to_string(this->where()));
  }

  shuffle_input sender(int) const override {
    return {.make =
              [this](std::shared_ptr<const job_scope> job, task_id id) {
                return make_fused_task<index_sender<T>>(std::move(job), id, id.partition, parent_,
                                                        static_cast<const node*>(this), parent_.at->codec());
              },
            .emits = this->records(),
            .agree = &index_sender<T>::agree,
            .barrier = barrier_codec_of<std::int64_t, std::vector<std::int64_t>, std::int64_t>()};
  }

  void write(plan_writer& out) const override { out.node<index_node>(parent_); }

private:
  Link parent_;
};

} // namespace internal

template <class T, class Node>
rdd<std::pair<T, std::int64_t>> rdd<T, Node>::zip_with_index(source_location where) const {
  using indexed = internal::index_node<decltype(link())>;
  return rdd<std::pair<T, std::int64_t>>{internal::make_part<const indexed>(info("zip_with_index", where), link())};
}

} // namespace crema
