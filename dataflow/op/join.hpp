#pragma once

#include "dataflow/hash/same_key.hpp"
#include "dataflow/op/cogroup.hpp"

#include <vector>

namespace crema {

namespace internal {

/// Emits the cross product of the two groups of each key, a batch at a time. Keys with one value on each side, the
/// usual case, take no detour through groups.
template <class K, class V, class W>
class join_reader final : public block_operator, public absorber {
  using record = std::pair<K, std::pair<V, W>>;

public:
  join_reader(task_scope& task, const node& at)
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
    const auto most = std::min<std::size_t>(n, std::max<std::size_t>(1, default_block_bytes / sizeof(record)));
    bool more = true;
    guarded(*at_, [&] {
      while (builder.size() < most && (more = step(builder, most))) {
      }
    });
    out = builder.take();
    return more;
  }

private:
  struct product {
    K key;
    group<V> left;
    group<W> right;
    typename group<V>::iterator l;
    typename group<W>::iterator r;
  };

  bool step(block_builder<record>& builder, std::size_t most) {
    if (!products_.empty()) {
      multiply(builder, most);
      return true;
    }
    auto& left = walk_.left;
    auto& right = walk_.right;
    while (!left.empty() && !right.empty() && left.hash() != right.hash())
      if (left.hash() < right.hash())
        left.advance();
      else
        right.advance();
    if (left.empty() || right.empty())
      return false;
    const auto hash = left.hash();
    auto l = std::move(left.record());
    auto r = std::move(right.record());
    left.advance();
    right.advance();
    if ((left.empty() || left.hash() != hash) && (right.empty() || right.hash() != hash)) {
      if (same_key(l.first, r.first))
        builder.add(std::move(l.first), std::pair<V, W>{std::move(l.second), std::move(r.second)});
      return true;
    }
    groups_.template add<0>(std::move(l));
    groups_.template add<1>(std::move(r));
    for (; !left.empty() && left.hash() == hash; left.advance())
      groups_.template add<0>(std::move(left.record()));
    for (; !right.empty() && right.hash() == hash; right.advance())
      groups_.template add<1>(std::move(right.record()));
    groups_.take([this](K&& key, group<V>&& lefts, group<W>&& rights) {
      if (lefts.empty() || rights.empty())
        return;
      auto& next = products_.emplace_back(product{std::move(key), std::move(lefts), std::move(rights), {}, {}});
      next.l = next.left.begin();
      next.r = next.right.begin();
    });
    return true;
  }

  void multiply(block_builder<record>& builder, std::size_t most) {
    auto& now = products_.back();
    while (builder.size() < most) {
      builder.add(now.key, std::pair<V, W>{*now.l, *now.r});
      if (++now.r != now.right.end())
        continue;
      if (++now.l == now.left.end()) {
        products_.pop_back();
        return;
      }
      now.r = now.right.begin();
    }
  }

  const node* at_;
  std::string what_;
  hash_pair_walk<K, V, W> walk_;
  keyed_groups<K, V, W> groups_;
  std::vector<product> products_;
};

} // namespace internal

template <class T, class Node>
template <class W, class Other>
auto rdd<T, Node>::join(const rdd<std::pair<K, W>, Other>& other, int partitions, source_location where) const {
  static_assert(internal::key_value<T>::valid, "join needs datasets of std::pair<key, value> records");
  internal::require_key<K>();
  using record = std::pair<K, std::pair<V, W>>;
  auto right = internal::shared_link(other.node());
  using joined = internal::two_sided_node<decltype(link()), decltype(right), record, internal::join_reader<K, V, W>>;
  const int n = partitions == 0 ? std::max({1, num_partitions(), other.num_partitions()}) : partitions;
  return rdd<record>{std::make_shared<const joined>(info("join", where), link(), std::move(right), n)};
}

} // namespace crema
