#pragma once

#include "dataflow/op/group_by_key.hpp"

namespace crema {

namespace internal {

/// Calls `f(side, …)` through the records of two sides, hash by hash: what cogroup and join walk along.
template <class K, class V, class W>
class hash_pair_walk {
public:
  hash_pair_walk(task_scope& task, const std::string& what) : left{task, what}, right{task, what} {}

  void append(int input, block_ptr records) {
    if (input == 0)
      left.append(std::move(records));
    else
      right.append(std::move(records));
  }
  void finish() {
    left.finish();
    right.finish();
  }
  bool ready(std::size_t n) { return left.ready(n) && right.ready(n); }

  // Once ready() was true:

  bool empty() const noexcept { return left.empty() && right.empty(); }

  /// The least hash that either side has. Not when empty().
  std::uint64_t hash() const noexcept {
    if (left.empty())
      return right.hash();
    return right.empty() ? left.hash() : std::min(left.hash(), right.hash());
  }

  hash_ordered<std::pair<K, V>> left;
  hash_ordered<std::pair<K, W>> right;
};

template <class K, class V, class W>
class cogroup_reader final : public block_operator, public absorber {
  using record = std::pair<K, std::pair<group<V>, group<W>>>;

public:
  cogroup_reader(task_scope& task, const node& at)
      : at_{&at},
        what_{std::string{at.op()} + " at " + to_string(at.where())},
        walk_{task, what_},
        groups_{task.resources(), what_} {
    task.must_not_starve();
    task.set_input(this);
  }

  void absorb(int input, int, block_ptr records) override {
    guarded(*at_, [&] { walk_.append(input, std::move(records)); });
  }
  void inputs_done() override {
    guarded(*at_, [&] { walk_.finish(); });
  }

  bool next(block_ptr& out, std::size_t n) override {
    block_builder<record> builder;
    const bool more = guarded(*at_, [&] {
      if (!walk_.ready(n))
        return true;
      for (bool full = false; !full && !walk_.empty() && builder.size() < std::min(n, most_groups);) {
        const auto hash = walk_.hash();
        for (auto& side = walk_.left; !side.empty() && side.hash() == hash; side.advance())
          groups_.template add<0>(std::move(side.record()));
        for (auto& side = walk_.right; !side.empty() && side.hash() == hash; side.advance())
          groups_.template add<1>(std::move(side.record()));
        groups_.take([&](K&& key, group<V>&& left, group<W>&& right) {
          full = builder.add(std::move(key), std::pair{std::move(left), std::move(right)}) || full;
        });
      }
      return !walk_.empty();
    });
    out = builder.take();
    return more;
  }

private:
  static constexpr std::size_t most_groups = 1024;

  const node* at_;
  std::string what_;
  hash_pair_walk<K, V, W> walk_;
  keyed_groups<K, V, W> groups_;
};

/// A node behind two shuffles by key. Reader<K, V, W> reads both.
template <class Left, class Right, class Record, class Reader>
class two_sided_node final : public dataset<Record>, public shuffle_base {
public:
  two_sided_node(node_info info, Left left, Right right, int partitions)
      : dataset<Record>{info, dependency::wide, checked_partitions(info.op, partitions), {left.at, right.at}},
        left_{std::move(left)},
        right_{std::move(right)} {}

  std::unique_ptr<block_operator> open(task_scope& task, int) const override {
    return std::unique_ptr<block_operator>{new Reader{task, *this}};
  }
  shuffle_input sender(int input) const override {
    return input == 0 ? send_by_key(left_, this, this->partitions()) : send_by_key(right_, this, this->partitions());
  }
  void write(plan_writer& out) const override { out.node<two_sided_node>(left_, right_, this->partitions()); }

private:
  Left left_;
  Right right_;
};

} // namespace internal

template <class T, class Node>
template <class W, class Other>
auto rdd<T, Node>::cogroup(const rdd<std::pair<K, W>, Other>& other, int partitions, source_location where) const {
  static_assert(internal::key_value<T>::valid, "cogroup needs datasets of std::pair<key, value> records");
  internal::require_key<K>();
  using record = std::pair<K, std::pair<group<V>, group<W>>>;
  auto right = internal::shared_link(other.node());
  using grouped =
    internal::two_sided_node<decltype(link()), decltype(right), record, internal::cogroup_reader<K, V, W>>;
  const int n = partitions == 0 ? std::max({1, num_partitions(), other.num_partitions()}) : partitions;
  return rdd<record>{internal::make_part<const grouped>(info("cogroup", where), link(), std::move(right), n)};
}

} // namespace crema
