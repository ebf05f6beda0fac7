#pragma once

#include "dataflow/error.hpp"
#include "dataflow/hash/combine_table.hpp"
#include "dataflow/hash/same_key.hpp"
#include "dataflow/op/channels.hpp"
#include "dataflow/op/combiner.hpp"
#include "dataflow/op/combining_switch.hpp"
#include "dataflow/plan/cursor.hpp"
#include "dataflow/plan/fused_task.hpp"
#include "dataflow/plan/stage.hpp"
#include "dataflow/rdd.hpp"
#include "dataflow/sort/sorted_runs.hpp"

#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

// reduce_by_key, combine_by_key, aggregate_by_key, fold_by_key and distinct: values of equal keys are combined in a
// table on the sending side, and what is left of them in another one on the receiving side, while producers still send.
// Both work out of core: a sender's table that may not grow is sent and begun anew; a receiver's is written to disk in
// the order of its hashes and merged at the end.

namespace crema::internal {

template <class K, class Combiner>
class combine_sender {
public:
  using record = typename Combiner::template record<K>;

  combine_sender(task_scope& task, const node* at, Combiner combiner, int channels)
      : at_{at},
        place_{channels},
        combiner_{combiner},
        table_{reservation{task.resources().memory}, std::move(combiner)},
        channels_{task.resources(), channels},
        drain_batch_{std::clamp<std::size_t>(task.resources().buffer_bytes(default_block_bytes * 4) / sizeof(record),
                                             64, most_drained)} {}

  template <class Cursor>
  bool pump(Cursor& from, std::size_t n) {
    if (draining_)
      return true; // the table takes nothing until it is empty
    std::size_t rows = 0;
    auto sink = [&, passing = switch_.passing() ]<class X>(X && x) __attribute__((always_inline)) {
      ++rows;
      guarded(
        *at_, [&]() __attribute__((always_inline)) {
          if (passing) {
            straight to{this};
            Combiner::add(to, std::forward<X>(x));
          } else {
            Combiner::add(table_, std::forward<X>(x));
          }
        });
    };
    const auto known = table_.size();
    const auto batch = switch_.passing() ? n : new_keys_.records_for(std::max(enough_room, table_.room()), n);
    const bool more = from.pump(sink, until_full{batch, [this] { return channels_.full() || table_.full(); }});
    if (!switch_.passing())
      new_keys_.note(batch, table_.size() - known);
    switch_.count(rows);
    return more;
  }

  /// Sends what is passed on, and empties a table that is full or not worth its while, as fast as the consumers take
  /// it.
  void flush(emitter& out) {
    channels_.flush(out);
    if (!draining_)
      draining_ = ends_table();
    while (draining_ && !out.blocked()) {
      draining_ = drain();
      channels_.flush(out);
      if (!draining_)
        restart();
    }
  }

  step_result finish(emitter& out, std::chrono::steady_clock::time_point until) {
    while (drain()) {
      channels_.flush(out);
      if (out.blocked() || out.now() >= until)
        return step_result::more;
    }
    channels_.finish(out);
    table_.release();
    return step_result::done;
  }

private:
  static constexpr std::size_t most_drained = 16 * 1024;
  static constexpr std::size_t enough_room = 4 * 1024; // for a table so small that it may grow unasked

  /// What takes rows in place of the table while they are passed on.
  struct straight {
    combine_sender* sender;

    template <class Key>
    [[gnu::always_inline]] void add(Key&& key, typename Combiner::value v) {
      const int channel = sender->place_.template of_hash<K>(key_hash(key));
      sender->channels_.add(channel,
                            Combiner::template make<K>(std::forward<Key>(key), sender->combiner_.create(std::move(v))));
    }
  };

  bool ends_table() {
    if (!table_.full() && !switch_.doubts(table_.capacity_bytes()))
      return false;
    guarded(*at_, [this] { table_.flush(); });
    return !switch_.worthwhile(table_.size(), table_.capacity_bytes()) || table_.full();
  }

  void restart() {
    switch_.emptied();
    if (switch_.passing())
      table_.release();
  }

  bool drain() {
    return guarded(*at_, [this] {
      return table_.drain_hashed(drain_batch_, [this](auto&& key, std::uint64_t hash, typename Combiner::combined&& c) {
        channels_.add(place_.template of_hash<K>(hash),
                      Combiner::template make<K>(std::forward<decltype(key)>(key), std::move(c)));
      });
    });
  }

  const node* at_;
  hash_partitioner place_;
  Combiner combiner_;
  combine_table<K, Combiner> table_;
  channel_writer<record> channels_;
  combining_switch switch_;
  std::size_t drain_batch_;
  yield_estimate new_keys_{1}; // so that a table need not grow by force before anybody can see that it is full
  bool draining_ = false;
};

template <class K, class Combiner>
class combine_reader final : public block_operator, public absorber {
public:
  using record = typename Combiner::template record<K>;

  combine_reader(task_scope& task, const node& at, const block_codec* codec, Combiner combiner)
      : task_{&task},
        at_{&at},
        table_{reservation{task.resources().memory}, combiner},
        combiner_{combiner},
        runs_{task, codec, std::string{at.op()} + " at " + to_string(at.where()), {}, {}} {
    task.set_input(this);
  }

  void absorb(int, int, block_ptr records) override {
    auto& from = block_cast<record>(records);
    guarded(*at_, [&] {
      if (from.movable())
        Combiner::merge_range(table_, std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
      else
        Combiner::merge_range(table_, std::as_const(from).begin(), std::as_const(from).end());
    });
    task_->counters.rows_in += from.size();
    if (table_.full() && table_.capacity_bytes() >= runs_.least_run())
      spill();
  }

  void inputs_done() override {
    if (!runs_.empty()) {
      if (table_.size() != 0)
        spill();
      table_.release();
    }
    auto each = sizeof(record);
    if (!flat_record<record> && table_.size() != 0)
      each = std::max(each, table_.capacity_bytes() / table_.size());
    block_records_ = std::max<std::size_t>(1, default_block_bytes / each);
  }

  bool next(block_ptr& out, std::size_t n) override {
    const auto most = std::min(n, block_records_);
    block_builder<record> builder;
    const bool more = guarded(*at_, [&] { return runs_.empty() ? drain(most, builder) : merge(most, builder); });
    out = builder.take();
    return more;
  }

private:
  bool drain(std::size_t max, block_builder<record>& into) {
    const bool more = table_.drain(max, [&](auto&& key, typename Combiner::combined&& c) {
      into.add(Combiner::template make<K>(std::forward<decltype(key)>(key), std::move(c)));
    });
    if (!more)
      table_.release();
    return more;
  }

  void spill() {
    guarded(*at_, [this] {
      table_.sort_by_hash();
      runs_.begin();
      table_.drain(table_.size(), [this](auto&& key, typename Combiner::combined&& c) {
        runs_.add(Combiner::template make<K>(std::forward<decltype(key)>(key), std::move(c)));
      });
      runs_.end();
    });
  }

  /// Entries of equal hash stand together in the merged runs; those of equal key among them are combined.
  bool merge(std::size_t max, block_builder<record>& into) {
    if (!runs_.ready(max))
      return true;
    std::vector<record> same;
    for (bool full = false; !full && into.size() < max && !runs_.done();) {
      const auto hash = runs_.key();
      for (; !runs_.done() && runs_.key() == hash; runs_.advance())
        combine(same, std::move(runs_.top()));
      for (auto& r : same)
        full = into.add(std::move(r)) || full;
      same.clear();
    }
    return !runs_.done();
  }

  void combine(std::vector<record>& into, record&& r) {
    for (auto& known : into)
      if (same_key(Combiner::key(known), Combiner::key(r)))
        return combiner_.merge_combined(Combiner::reach(known), Combiner::take(r));
    into.push_back(std::move(r));
  }

  task_scope* task_;
  const node* at_;
  combine_table<K, Combiner> table_;
  Combiner combiner_;
  sorted_runs<record, typename Combiner::template hash_of<K>, std::less<>> runs_;
  std::size_t block_records_ = 1;
};

template <class Link, class K, class Combiner>
class combine_node final : public dataset<typename Combiner::template record<K>>, public shuffle_base {
  using record = typename Combiner::template record<K>;

public:
  combine_node(node_info info, Link parent, Combiner combiner, int partitions)
      : dataset<record>{info, dependency::wide, checked_partitions(info.op, partitions), {parent.at}},
        parent_{std::move(parent)},
        combiner_{std::move(combiner)} {}

  bool fuses() const noexcept override { return fuses_parent<Link>; }

  std::unique_ptr<block_operator> open(task_scope& task, int) const override {
    return std::unique_ptr<block_operator>{new combine_reader<K, Combiner>{task, *this, this->codec(), combiner_}};
  }

  shuffle_input sender(int) const override {
    return {.make =
              [this](std::shared_ptr<const job_scope> job, task_id id) {
                return make_fused_task<combine_sender<K, Combiner>>(std::move(job), id, id.partition, parent_,
                                                                    static_cast<const node*>(this), combiner_,
                                                                    this->partitions());
              },
            .emits = this->records()};
  }

  void write(plan_writer& out) const override { out.node<combine_node>(parent_, combiner_, this->partitions()); }

private:
  Link parent_;
  Combiner combiner_;
};

template <class K, class Combiner, class Link>
auto make_combine(node_info info, Link parent, Combiner combiner, int partitions) {
  require_key<K>();
  const int n = partitions == 0 ? std::max(1, parent.at->partitions()) : partitions;
  using combined = combine_node<Link, K, Combiner>;
  return rdd<typename combined::value_type>{
    make_part<const combined>(std::move(info), std::move(parent), std::move(combiner), n)};
}

} // namespace crema::internal

namespace crema {

namespace internal {

template <class T, class Link, class F>
rdd<T> make_reduce(node_info info, Link parent, F f, int partitions) {
  static_assert(key_value<T>::valid, "reduce_by_key needs a dataset of std::pair<key, value> records");
  using V = typename key_value<T>::mapped;
  static_assert(std::is_invocable_r_v<V, F&, V, V>, "reduce_by_key: the reducer must map (V, V) to V");
  using combiner = pair_combiner<V, V, std::identity, F, F>;
  return make_combine<typename key_value<T>::key>(std::move(info), std::move(parent), combiner{{}, f, f}, partitions);
}

} // namespace internal

template <class T, class Node>
template <class F>
rdd<T> rdd<T, Node>::reduce_by_key(F f, int partitions, source_location where) const& {
  return internal::make_reduce<T>(info("reduce_by_key", where), link(), std::move(f), partitions);
}

template <class T, class Node>
template <class F>
rdd<T> rdd<T, Node>::reduce_by_key(F f, int partitions, source_location where) && {
  return internal::make_reduce<T>(info("reduce_by_key", where), std::move(*this).link(), std::move(f), partitions);
}

template <class T, class Node>
template <class Create, class MergeValue, class MergeCombined>
auto rdd<T, Node>::combine_by_key(Create create, MergeValue merge_value, MergeCombined merge_combined, int partitions,
                                  source_location where) const {
  static_assert(internal::key_value<T>::valid, "combine_by_key needs a dataset of std::pair<key, value> records");
  static_assert(std::invocable<Create&, V>, "combine_by_key: create must map V to C");
  using C = std::decay_t<std::invoke_result_t<Create&, V>>;
  static_assert(std::invocable<MergeValue&, C&, V> || std::invocable<MergeValue&, C, V>,
                "combine_by_key: merge_value must map (C, V) to C");
  static_assert(std::is_invocable_r_v<C, MergeCombined&, C, C>, "combine_by_key: merge_combined must map (C, C) to C");
  using combiner = internal::pair_combiner<V, C, Create, MergeValue, MergeCombined>;
  return internal::make_combine<K>(info("combine_by_key", where), link(),
                                   combiner{std::move(create), std::move(merge_value), std::move(merge_combined)},
                                   partitions);
}

namespace internal {

template <class U, class Step>
struct step_from_zero {
  U zero;
  mutable Step step;
  friend auto plan_parts(const step_from_zero& whole, auto&& take) { return take(whole.zero, whole.step); }
  template <class V>
  U operator()(V&& v) const {
    U u = zero;
    if constexpr (std::is_void_v<std::invoke_result_t<Step&, U&, V>>) {
      std::invoke(step, u, std::forward<V>(v));
      return u;
    } else {
      return U(std::invoke(step, std::move(u), std::forward<V>(v)));
    }
  }
};

} // namespace internal

template <class T, class Node>
template <class U, class Step, class Merge>
rdd<std::pair<typename rdd<T, Node>::K, U>>
rdd<T, Node>::aggregate_by_key(U zero, Step step, Merge merge, int partitions, source_location where) const {
  static_assert(internal::key_value<T>::valid, "aggregate_by_key needs a dataset of std::pair<key, value> records");
  static_assert(std::invocable<Step&, U, V> || std::invocable<Step&, U&, V>,
                "aggregate_by_key: the step must map (U, V) to U");
  static_assert(std::is_invocable_r_v<U, Merge&, U, U>, "aggregate_by_key: the merge must map (U, U) to U");
  using create = internal::step_from_zero<U, Step>;
  using combiner = internal::pair_combiner<V, U, create, Step, Merge>;
  return internal::make_combine<K>(info("aggregate_by_key", where), link(),
                                   combiner{create{std::move(zero), step}, step, std::move(merge)}, partitions);
}

template <class T, class Node>
template <class F>
rdd<T> rdd<T, Node>::fold_by_key(V zero, F f, int partitions, source_location where) const {
  static_assert(std::is_invocable_r_v<V, F&, V, V>, "fold_by_key: the function must map (V, V) to V");
  return aggregate_by_key(std::move(zero), f, f, partitions, where);
}

template <class T, class Node>
rdd<T> rdd<T, Node>::distinct(int partitions, source_location where) const {
  return internal::make_combine<T>(info("distinct", where), link(), internal::distinct_combiner{}, partitions);
}

} // namespace crema
