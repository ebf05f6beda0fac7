#pragma once

#include "dataflow/group.hpp"
#include "dataflow/hash/same_key.hpp"
#include "dataflow/op/by_hash.hpp"
#include "dataflow/rdd.hpp"

#include <tuple>
#include <utility>
#include <vector>

namespace crema {

namespace internal {

/// Builds the groups of all keys of one hash, from any number of sides.
template <class K, class... Vs>
class keyed_groups {
public:
  keyed_groups(worker_resources& resources, const std::string& what) : resources_{&resources}, what_{&what} {}

  template <std::size_t Side, class Pair>
  void add(Pair&& record) {
    std::get<Side>(find(record.first).second).add(std::move(record.second));
  }

  /// Calls f(K&&, group<Vs>&&...) for each key, and forgets them.
  template <class F>
  void take(F&& f) {
    for (auto& known : keys_)
      std::apply([&](auto&... each) { f(std::move(known.first), each.take()...); }, known.second);
    keys_.clear();
  }

private:
  using entry = std::pair<K, std::tuple<group_builder<Vs>...>>;

  entry& find(const K& key) {
    for (auto& known : keys_)
      if (same_key(known.first, key))
        return known;
    return keys_.emplace_back(key, std::tuple<group_builder<Vs>...>(group_builder<Vs>{*resources_, *what_}...));
  }

  worker_resources* resources_;
  const std::string* what_;
  std::vector<entry> keys_;
};

template <class K, class V>
class group_reader final : public block_operator, public absorber {
  using record = std::pair<K, group<V>>;

public:
  group_reader(task_scope& task, const node& at)
      : at_{&at},
        what_{std::string{at.op()} + " at " + to_string(at.where())},
        pairs_{task, what_},
        groups_{task.resources(), what_} {
    task.must_not_starve();
    task.set_input(this);
  }

  void absorb(int, int, block_ptr records) override {
    guarded(*at_, [&] { pairs_.append(std::move(records)); });
  }
  void inputs_done() override {
    guarded(*at_, [&] { pairs_.finish(); });
  }

  bool next(block_ptr& out, std::size_t n) override {
    block_builder<record> builder;
    const bool more = guarded(*at_, [&] {
      if (!pairs_.ready(n))
        return true;
      for (bool full = false; !full && !pairs_.empty() && builder.size() < std::min(n, most_groups);) {
        const auto hash = pairs_.hash();
        for (; !pairs_.empty() && pairs_.hash() == hash; pairs_.advance())
          groups_.template add<0>(std::move(pairs_.record()));
        groups_.take(
          [&](K&& key, group<V>&& values) { full = builder.add(std::move(key), std::move(values)) || full; });
      }
      return !pairs_.empty();
    });
    out = builder.take();
    return more;
  }

private:
  static constexpr std::size_t most_groups = 1024;

  const node* at_;
  std::string what_;
  hash_ordered<std::pair<K, V>> pairs_;
  keyed_groups<K, V> groups_;
};

template <class Link, class K, class V>
class group_node final : public dataset<std::pair<K, group<V>>>, public shuffle_base {
public:
  group_node(node_info info, Link parent, int partitions)
      : dataset<std::pair<K, group<V>>>{info, dependency::wide, checked_partitions(info.op, partitions), {parent.at}},
        parent_{std::move(parent)} {}

  std::unique_ptr<block_operator> open(task_scope& task, int) const override {
    return std::unique_ptr<block_operator>{new group_reader<K, V>{task, *this}};
  }
  shuffle_input sender(int) const override { return send_by_key(parent_, this, this->partitions()); }
  void write(plan_writer& out) const override { out.node<group_node>(parent_, this->partitions()); }

private:
  Link parent_;
};

} // namespace internal

template <class T, class Node>
auto rdd<T, Node>::group_by_key(int partitions, source_location where) const {
  static_assert(internal::key_value<T>::valid, "group_by_key needs a dataset of std::pair<key, value> records");
  internal::require_key<K>();
  using grouped = internal::group_node<decltype(link()), K, V>;
  const int n = partitions == 0 ? std::max(1, num_partitions()) : partitions;
  return rdd<std::pair<K, group<V>>>{internal::make_part<const grouped>(info("group_by_key", where), link(), n)};
}

} // namespace crema
