#pragma once

#include "dataflow/hash/hash_join.hpp"
#include "dataflow/op/sorted_join.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace crema {

namespace internal {

/// Joins in memory as long as the budget covers both sides; from the block on that it does not cover, everything goes
/// through the sorted join.
template <class K, class V, class W>
class join_reader final : public block_operator, public absorber {
  using record = std::pair<K, std::pair<V, W>>;

public:
  join_reader(task_scope& task, const node& at)
      : task_{&task},
        at_{&at},
        what_{std::string{at.op()} + " at " + to_string(at.where())},
        in_memory_{std::in_place, task.resources().memory} {
    task.must_not_starve();
    task.set_input(this);
  }

  void absorb(int input, int, block_ptr records) override {
    guarded(*at_, [&] {
      if (!in_memory_)
        sorted_->append(input, std::move(records));
      else if (!(input == 0 ? in_memory_->append_left(std::move(records))
                            : in_memory_->append_right(std::move(records))))
        give_up_memory();
    });
  }
  void inputs_done() override {
    guarded(*at_, [&] {
      if (in_memory_)
        in_memory_->finish();
      else
        sorted_->finish();
    });
  }

  bool next(block_ptr& out, std::size_t n) override {
    const auto most = std::min<std::size_t>(n, std::max<std::size_t>(1, default_block_bytes / sizeof(record)));
    return guarded(*at_, [&] { return in_memory_ ? in_memory_->next(out, most) : sorted_->next(out, most); });
  }

private:
  void give_up_memory() {
    sorted_.emplace(*task_, what_);
    in_memory_->give_back([this](block_ptr records) { sorted_->append(0, std::move(records)); },
                          [this](block_ptr records) { sorted_->append(1, std::move(records)); });
    in_memory_.reset();
  }

  task_scope* task_;
  const node* at_;
  std::string what_;
  std::optional<hash_join<K, V, W>> in_memory_;
  std::optional<sorted_join<K, V, W>> sorted_;
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
  return rdd<record>{internal::make_part<const joined>(info("join", where), link(), std::move(right), n)};
}

} // namespace crema
