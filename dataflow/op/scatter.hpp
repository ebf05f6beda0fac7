#pragma once

#include "dataflow/op/channels.hpp"
#include "dataflow/plan/cursor.hpp"
#include "dataflow/plan/fused_task.hpp"
#include "dataflow/plan/stage.hpp"
#include "dataflow/rdd.hpp"

#include <memory>
#include <string>
#include <vector>

// Shuffles that move records as they are: partition_by, repartition, and the sending side of groups and joins.

namespace crema::internal {

/// By the hash of a pair's key.
struct place_by_key {
  hash_partitioner partition;
  template <class Pair>
  int operator()(const Pair& record) const {
    return partition(record.first);
  }
};

/// Ends a task by sending each record to the channel that `Place` names:
///     int place(const T& record);
template <class T, class Place>
class scatter_terminal {
public:
  scatter_terminal(task_scope& task, const node* at, Place place, int channels)
      : at_{at}, place_{std::move(place)}, channels_{task.resources(), channels} {
    if constexpr (requires { place_.start(0); })
      place_.start(task.id().partition);
  }

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    auto sink = [this]<class X>(X && x) __attribute__((always_inline)) {
      const int channel = guarded(*at_, place_, std::as_const(x));
      channels_.add(channel, std::forward<X>(x));
    };
    return from.pump(sink, until_full{n, [this] { return channels_.full(); }});
  }

  void flush(emitter& out) { channels_.flush(out); }

  step_result finish(emitter& out, std::chrono::steady_clock::time_point) {
    channels_.finish(out);
    return step_result::done;
  }

private:
  const node* at_;
  Place place_;
  channel_writer<T> channels_;
};

/// Gives blocks back producer after producer, each in its order, whatever order they came in, so that a result does not
/// depend on timing. What arrives ahead of its turn waits in memory or on disk.
class ordered_queues {
public:
  ordered_queues(task_scope& task, const block_codec* codec, std::string what)
      : task_{&task}, codec_{codec}, what_{std::move(what)} {}

  void absorb(int input, int producer, block_ptr records);
  void producer_done(int input, int producer);
  void inputs_done() { all_done_ = true; }

  /// The next block, or null when it has not come yet; false when nothing will come any more.
  bool next(block_ptr& out, std::size_t n);

private:
  struct sent {
    std::unique_ptr<block_queue> blocks;
    std::size_t next = 0;
    bool done = false;
  };
  sent& of(int producer);

  task_scope* task_;
  const block_codec* codec_;
  std::string what_;
  std::vector<sent> queues_;
  std::size_t turn_ = 0;
  bool all_done_ = false;
};

/// The reading end of a shuffle whose records come out as they went in; it gives what it can while producers still
/// send.
class ordered_reader final : public block_operator, public absorber {
public:
  ordered_reader(task_scope& task, const block_codec* codec, std::string what)
      : task_{&task}, queues_{task, codec, std::move(what)} {
    task.set_input(this);
  }

  void absorb(int input, int producer, block_ptr records) override {
    queues_.absorb(input, producer, std::move(records));
  }
  void producer_done(int input, int producer) override { queues_.producer_done(input, producer); }
  void inputs_done() override { queues_.inputs_done(); }
  bool streams() const noexcept override { return task_->may_starve(); }

  bool next(block_ptr& out, std::size_t n) override {
    const bool more = queues_.next(out, n);
    task_->starved = more && !out;
    return more;
  }

private:
  task_scope* task_;
  ordered_queues queues_;
};

/// A node behind a shuffle that only moves records.
template <class Link, class Placing>
class scatter_node final : public dataset<typename Link::value_type>, public shuffle_base {
  using T = typename Link::value_type;

public:
  scatter_node(node_info info, Link parent, Placing placing, int partitions)
      : dataset<T>{info, dependency::wide, checked_partitions(info.op, partitions), {parent.at}},
        parent_{std::move(parent)},
        placing_{std::move(placing)} {}

  std::unique_ptr<block_operator> open(task_scope& task, int) const override {
    return std::make_unique<ordered_reader>(task, this->codec(),
                                            std::string{this->op()} + " at " + to_string(this->where()));
  }

  shuffle_input sender(int) const override {
    return {.make =
              [this](std::shared_ptr<const job_scope> job, task_id id) {
                return make_fused_task<scatter_terminal<T, Placing>>(std::move(job), id, id.partition, parent_,
                                                                     static_cast<const node*>(this), placing_,
                                                                     this->partitions());
              },
            .emits = this->records()};
  }

  void write(plan_writer& out) const override { out.node<scatter_node>(parent_, placing_, this->partitions()); }

private:
  Link parent_;
  Placing placing_;
};

} // namespace crema::internal
