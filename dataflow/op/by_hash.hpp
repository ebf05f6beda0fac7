#pragma once

#include "dataflow/hash/key_hash.hpp"
#include "dataflow/op/scatter.hpp"
#include "dataflow/sort/external_sorter.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// What group_by_key, cogroup and join have in common: pairs go to the partition of their key and are brought into the
// order of their keys' hashes there, out of core where they must be; equal keys then stand together.

namespace crema::internal {

struct hash_of_pair {
  template <class Pair>
  std::uint64_t operator()(const Pair& record) const {
    return key_hash(record.first);
  }
};

/// One side of a group or join: its pairs, one hash after the other.
template <class Pair>
class hash_ordered {
public:
  hash_ordered(task_scope& task, const std::string& what)
      : sorter_{task, codec_of<Pair>(), what, hash_of_pair{}, std::less<>{}} {}

  void append(block_ptr records) { sorter_.append(std::move(records)); }
  void finish() { sorter_.finish(); }

  /// Works on what must be merged before the first pair can be read, for about n pairs; whether it is done.
  bool ready(std::size_t n) {
    if (!started_ && sorter_.ready(n)) {
      started_ = true;
      refill();
    }
    return started_;
  }

  // Once ready() was true:

  bool empty() const noexcept { return !current_; }
  std::uint64_t hash() const noexcept { return hash_; }
  Pair& record() noexcept { return *(block_cast<Pair>(current_).begin() + at_); }

  void advance() {
    if (++at_ == current_->size())
      refill();
    else
      hash_ = key_hash(record().first);
  }

private:
  void refill() {
    current_ = {};
    at_ = 0;
    block_builder<Pair> builder;
    const auto batch = std::max<std::size_t>(1, sorter_.block_records() / 4);
    while (more_ && builder.empty())
      more_ = sorter_.next(batch, [&](Pair&& record) { builder.add(std::move(record)); });
    current_ = builder.take();
    if (current_)
      hash_ = key_hash(record().first);
  }

  external_sorter<Pair, hash_of_pair, std::less<>> sorter_;
  block_ptr current_;
  std::size_t at_ = 0;
  std::uint64_t hash_ = 0;
  bool started_ = false;
  bool more_ = true;
};

/// The sending side of all of them.
template <class Link>
shuffle_input send_by_key(const Link& parent, const node* at, int partitions) {
  using T = typename Link::value_type;
  return {.make =
            [&parent, at, partitions](std::shared_ptr<const job_scope> job, task_id id) {
              return make_fused_task<scatter_terminal<T, place_by_key>>(
                std::move(job), id, id.partition, parent, at, place_by_key{hash_partitioner{partitions}}, partitions);
            },
          .emits = record_type_of<T>()};
}

} // namespace crema::internal
