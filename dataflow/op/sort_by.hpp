#pragma once

#include "dataflow/op/channels.hpp"
#include "dataflow/op/scatter.hpp"
#include "dataflow/plan/fused_task.hpp"
#include "dataflow/plan/stage.hpp"
#include "dataflow/rdd.hpp"
#include "dataflow/sort/external_sorter.hpp"
#include "dataflow/sort/splitters.hpp"

#include <iterator>
#include <memory>
#include <vector>

// A sample sort: senders keep their records and draw a sample; when all have read everything, the samples give the
// borders of the ranges (a barrier, the one a sort needs); then each record goes to the partition of its range, which
// sorts it. The input is read once, and nothing runs before an action.

namespace crema {

namespace internal {

template <class T, class KeyFn, class Compare>
class sort_sender {
  using given_key = std::remove_cvref_t<std::invoke_result_t<KeyFn&, const T&>>;
  // Samples are sorted in place, which a std::vector<bool> does not offer.
  using key_type = std::conditional_t<std::is_same_v<given_key, bool>, unsigned char, given_key>;
  using splitters = std::vector<key_type>;
  using said_keys = std::pair<std::vector<key_type>, std::uint64_t>; ///< sampled, of how many

public:
  sort_sender(task_scope& task, const node* at, const block_codec* codec, KeyFn key, Compare compare, int channels)
      : at_{at},
        key_{std::move(key)},
        compare_{std::move(compare)},
        channels_{channels},
        task_{&task},
        sample_{std::max(least_sample, samples_per_partition * static_cast<std::size_t>(channels)),
                static_cast<std::uint64_t>(task.id().partition)},
        kept_{task.resources(), codec, std::string{at->op()} + " at " + to_string(at->where())} {}

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    if constexpr (gives_blocks<Cursor>) {
      block_ptr records;
      const bool more = from.take_block(records, n);
      keep(std::move(records));
      return more;
    }
    auto sink = [this]<class X>(X && x) __attribute__((always_inline)) {
      if (builder_.add(std::forward<X>(x))) [[unlikely]]
        keep(builder_.take());
    };
    return from.pump(sink, n);
  }

  void flush(emitter&) {}

  step_result finish(emitter& out, std::chrono::steady_clock::time_point until) {
    if (!range_) {
      keep(builder_.take());
      task_->counters.spilled_bytes += kept_.spilled_bytes();
      return step_result::barrier;
    }
    while (next_ != kept_.size()) {
      send(kept_.take(next_++));
      channels_writer_->flush(out);
      if (out.blocked() || out.now() >= until)
        return step_result::more;
    }
    channels_writer_->finish(out);
    return step_result::done;
  }

  std::shared_ptr<const void> contribution() {
    auto sample = sample_.take();
    return std::make_shared<const said_keys>(std::move(sample.keys), sample.seen);
  }

  void resolve(const std::shared_ptr<const void>& agreed) {
    range_.emplace(*std::static_pointer_cast<const splitters>(agreed), compare_);
    channels_writer_.emplace(task_->resources(), channels_);
  }

  static std::shared_ptr<const void> agree(const std::vector<std::shared_ptr<const void>>& said, int channels,
                                           Compare compare) {
    std::vector<key_sample<key_type>> samples;
    for (const auto& one : said) {
      const auto& [keys, seen] = *std::static_pointer_cast<const said_keys>(one);
      samples.push_back({keys, seen});
    }
    return std::make_shared<const splitters>(
      choose_splitters(std::move(samples), static_cast<std::size_t>(channels), std::move(compare)));
  }

  static const barrier_codec* codec() { return barrier_codec_of<said_keys, splitters, key_type>(); }

private:
  static constexpr std::size_t samples_per_partition = 64;
  static constexpr std::size_t least_sample = 1024; // few ranges must be about equal, for the largest is waited for

  void keep(block_ptr records) {
    if (!records)
      return;
    const auto& typed = std::as_const(block_cast<T>(records));
    guarded(*at_, [&] {
      sample_.add_batch(std::span<const T>{typed.begin(), typed.size()},
                        [this](const T& record) { return key_type(std::invoke(key_, record)); });
    });
    kept_.push(std::move(records));
  }

  void send(block_ptr records) {
    auto& typed = block_cast<T>(records);
    const auto add_each = [this](auto from, auto end) {
      for (; from != end; ++from) {
        const T& record = *from;
        channels_writer_->add(static_cast<int>((*range_)(std::invoke(key_, record))), *from);
      }
    };
    guarded(*at_, [&] {
      if (!std::is_trivially_copyable_v<T> && typed.movable())
        add_each(std::move_iterator{typed.begin()}, std::move_iterator{typed.end()});
      else
        add_each(std::as_const(typed).begin(), std::as_const(typed).end());
    });
  }

  const node* at_;
  KeyFn key_;
  Compare compare_;
  int channels_;
  task_scope* task_;
  sampler<key_type> sample_;
  block_builder<T> builder_;
  block_queue kept_;
  std::size_t next_ = 0;
  std::optional<range_partitioner<key_type, Compare>> range_;
  std::optional<channel_writer<T>> channels_writer_;
};

/// Blocks arrive in any order between producers, but a stable sort must see equal keys in the order of the producers:
/// what arrives ahead of its turn waits.
template <class T, class KeyFn, class Compare>
class sort_reader final : public block_operator, public absorber {
public:
  sort_reader(task_scope& task, const node& at, const block_codec* codec, KeyFn key, Compare compare)
      : at_{&at},
        sorter_{task, codec, std::string{at.op()} + " at " + to_string(at.where()), std::move(key), std::move(compare)},
        in_turn_{task, codec, std::string{at.op()} + " at " + to_string(at.where())} {
    task.must_not_starve();
    task.set_input(this);
  }

  void absorb(int input, int producer, block_ptr records) override {
    if constexpr (order_matters)
      in_turn_.absorb(input, producer, std::move(records));
    else
      append(std::move(records));
    take_in_turn();
  }

  void producer_done(int input, int producer) override {
    in_turn_.producer_done(input, producer);
    take_in_turn();
  }

  void inputs_done() override {
    in_turn_.inputs_done();
    take_in_turn();
    guarded(*at_, [this] { sorter_.finish(); });
  }

  bool next(block_ptr& out, std::size_t n) override {
    const auto max = std::min(n, sorter_.block_records());
    const bool more = guarded(*at_, [&] { return sorter_.next(max, filling{&builder_}); });
    out = builder_.take();
    return more;
  }

private:
  /// What the sorter gives its records to, one by one or many at once.
  struct filling {
    block_builder<T>* to;
    void operator()(T&& record) const { to->add(std::move(record)); }
    template <class RecordAt>
    void add_all(std::size_t n, RecordAt&& record) const {
      to->add_all(n, record);
    }
  };

  /// Numbers that are their own keys look the same whatever their order was; whether they are is known only as they
  /// come, so this asks the types.
  static constexpr bool order_matters = !(std::is_arithmetic_v<T> && std::is_same_v<KeyFn, std::identity>);

  void append(block_ptr records) {
    guarded(*at_, [&] { sorter_.append(std::move(records)); });
  }

  void take_in_turn() {
    block_ptr records;
    while (in_turn_.next(records, 0) && records)
      append(std::move(records));
  }

  const node* at_;
  external_sorter<T, KeyFn, Compare> sorter_;
  ordered_queues in_turn_;
  block_builder<T> builder_;
};

template <class Link, class KeyFn, class Compare>
class sort_node final : public dataset<typename Link::value_type>, public shuffle_base {
  using T = typename Link::value_type;

public:
  sort_node(node_info info, Link parent, KeyFn key, Compare compare, int partitions)
      : dataset<T>{info, dependency::wide, checked_partitions(info.op, partitions), {parent.at}},
        parent_{std::move(parent)},
        key_{std::move(key)},
        compare_{std::move(compare)} {}

  std::unique_ptr<block_operator> open(task_scope& task, int) const override {
    return std::unique_ptr<block_operator>{
      new sort_reader<T, KeyFn, Compare>{task, *this, this->codec(), key_, compare_}};
  }

  shuffle_input sender(int) const override {
    using sender_type = sort_sender<T, KeyFn, Compare>;
    return {.make =
              [this](std::shared_ptr<const job_scope> job, task_id id) {
                return make_fused_task<sender_type>(std::move(job), id, id.partition, parent_,
                                                    static_cast<const node*>(this), this->codec(), key_, compare_,
                                                    this->partitions());
              },
            .emits = this->records(),
            .agree =
              [this](const std::vector<std::shared_ptr<const void>>& said) {
                return guarded(*this, [&] { return sender_type::agree(said, this->partitions(), compare_); });
              },
            .barrier = sender_type::codec()};
  }

  void write(plan_writer& out) const override { out.node<sort_node>(parent_, key_, compare_, this->partitions()); }

private:
  Link parent_;
  KeyFn key_;
  Compare compare_;
};

struct key_of_pair {
  template <class Pair>
  const auto& operator()(const Pair& record) const noexcept {
    return record.first;
  }
};

} // namespace internal

template <class T, class Node>
template <class KeyFn, class Compare>
rdd<T> rdd<T, Node>::sort_by(KeyFn key, Compare compare, int partitions, source_location where) const {
  static_assert(std::invocable<KeyFn&, const T&>, "sort_by: the key function must be callable with a const record");
  using key_type = std::remove_cvref_t<std::invoke_result_t<KeyFn&, const T&>>;
  static_assert(std::predicate<Compare&, const key_type&, const key_type&>,
                "sort_by: keys must be comparable: give them operator<, or pass a comparator");
  using sorted = internal::sort_node<decltype(link()), KeyFn, Compare>;
  return rdd<T>{internal::make_part<const sorted>(info("sort_by", where), link(), std::move(key), std::move(compare),
                                                  partitions == 0 ? std::max(1, num_partitions()) : partitions)};
}

template <class T, class Node>
template <class Compare>
rdd<T> rdd<T, Node>::sort_by_key(Compare compare, int partitions, source_location where) const {
  static_assert(internal::key_value<T>::valid, "sort_by_key needs a dataset of std::pair<key, value> records");
  using sorted = internal::sort_node<decltype(link()), internal::key_of_pair, Compare>;
  return rdd<T>{internal::make_part<const sorted>(info("sort_by_key", where), link(), internal::key_of_pair{},
                                                  std::move(compare),
                                                  partitions == 0 ? std::max(1, num_partitions()) : partitions)};
}

} // namespace crema
