#pragma once

#include "dataflow/hash/same_key.hpp"
#include "dataflow/op/cogroup.hpp"

#include <string>
#include <utility>
#include <vector>

namespace crema::internal {

/// The join of two sides of any size: both in the order of their keys' hashes, out of core where they must be, and then
/// hand in hand. Emits the cross product of the two groups of each key, a batch at a time. Keys with one value on each
/// side, the usual case, take no detour through groups.
template <class K, class V, class W>
class sorted_join {
public:
  using record = std::pair<K, std::pair<V, W>>;

  /// `what` must outlive the join.
  sorted_join(task_scope& task, const std::string& what) : walk_{task, what}, groups_{task.resources(), what} {}

  void append(int input, block_ptr records) { walk_.append(input, std::move(records)); }
  void finish() { walk_.finish(); }

  /// The next records, at most n and perhaps none yet; false when nothing will come any more.
  bool next(block_ptr& out, std::size_t n) {
    bool more = true;
    full_ = false;
    if (walk_.ready(n))
      while (!full_ && builder_.size() < n && (more = step(n))) {
      }
    out = builder_.take();
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

  void emit(K key, V left, W right) {
    full_ = builder_.add(std::move(key), std::pair<V, W>{std::move(left), std::move(right)}) || full_;
  }

  bool step(std::size_t most) {
    if (!products_.empty()) {
      multiply(most);
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
        emit(std::move(l.first), std::move(l.second), std::move(r.second));
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

  void multiply(std::size_t most) {
    auto& now = products_.back();
    while (!full_ && builder_.size() < most) {
      emit(now.key, *now.l, *now.r);
      if (++now.r != now.right.end())
        continue;
      if (++now.l == now.left.end()) {
        products_.pop_back();
        return;
      }
      now.r = now.right.begin();
    }
  }

  hash_pair_walk<K, V, W> walk_;
  keyed_groups<K, V, W> groups_;
  std::vector<product> products_;
  block_builder<record> builder_;
  bool full_ = false; // has the size of a block
};

} // namespace crema::internal
