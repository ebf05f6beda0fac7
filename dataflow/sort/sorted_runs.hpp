#pragma once

#include "dataflow/block/block_queue.hpp"
#include "dataflow/plan/scope.hpp"
#include "dataflow/sort/loser_tree.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace crema::internal {

/// Sorted runs on disk and their merge: what a sort or a table becomes that does not fit into memory.
///
///     sorted_runs<record, KeyFn, Less> runs{task, codec, "sort_by at main.cpp:3", key, less};
///     runs.begin(); runs.add(record); …; runs.end();  // as often as memory is short
///     while (!runs.ready(1000))                       // merges until the rest can be merged at once
///       yield();
///     for (; !runs.done(); runs.advance())
///       use(runs.top());
///
/// Equal keys come in the order of the runs, so sorting stably within each is enough. `Less` compares what `KeyFn`
/// gives, by reference into the record or by value, once for each time that a record is read.
///
/// A merge holds a block of each run, reserved from the budget. As few runs at a time as that allows are merged into
/// one, until the last merge can take all (Knuth, The Art of Computer Programming 3, 5.4).
/// Memory, whatever the number of runs: a sixth of the budget, or the least share (see spill_share) if that is more; by
/// force no more than two blocks. Not counted are the block that is being written or read, and some 50 bytes for each
/// one on disk. Not thread-safe.
template <class T, class KeyFn, class Less>
class sorted_runs {
  using key_result = std::invoke_result_t<KeyFn&, const T&>;
  using key_type = std::remove_cvref_t<key_result>;

public:
  sorted_runs(task_scope& task, const block_codec* codec, std::string what, KeyFn key, Less less)
      : task_{&task},
        codec_{codec},
        what_{std::move(what)},
        key_{std::move(key)},
        less_{std::move(less)},
        share_{task.resources().memory},
        memory_{task.resources().memory} {}

  bool empty() const noexcept { return runs_.empty(); }

  /// Below this much memory nobody should spill: shorter runs would only make the merge wider.
  std::size_t least_run() const noexcept { return share_.least(); }

  void begin() { writing_ = start_run(); }
  void add(T&& record) { writing_->add(std::move(record)); }
  void end() {
    writing_->end();
    ++task_->counters.spills;
    runs_.push_back(std::move(writing_));
  }

  /// Works on the merges before the last one, for about n records; whether they are done.
  bool ready(std::size_t n) {
    while (!last_) {
      if (!merge_)
        begin_merge();
      if (last_)
        break;
      for (; n != 0 && !merge_->empty(); --n) {
        writing_->add(std::move(merge_->top().record()));
        merge_->advance();
      }
      if (!merge_->empty())
        return false;
      end_merge();
    }
    return true;
  }

  // Once ready() was true:

  bool done() const noexcept { return merge_->empty(); }
  T& top() noexcept { return merge_->top().record(); }
  const key_type& key() noexcept { return merge_->top().head(); }
  void advance() { merge_->advance(); }

private:
  class run {
  public:
    run(task_scope& task, const block_codec* codec, const std::string& what, std::size_t block_bytes)
        : task_{&task}, blocks_{task.resources(), codec, what, false}, builder_{block_bytes} {}

    void add(T&& record) {
      if (builder_.add(std::move(record)))
        push();
    }
    void end() {
      push();
      task_->counters.spilled_bytes += blocks_.spilled_bytes();
    }

    /// Of the largest block, in memory.
    std::size_t block_bytes() const noexcept { return largest_; }
    block_queue& blocks() noexcept { return blocks_; }

  private:
    void push() {
      auto records = builder_.take();
      largest_ = std::max(largest_, records ? records->bytes() : 0);
      blocks_.push(std::move(records));
    }

    task_scope* task_;
    block_queue blocks_;
    block_builder<T> builder_;
    std::size_t largest_ = 0;
  };

  /// The records of a run, block by block.
  class source {
  public:
    source(block_queue& blocks, KeyFn key) : blocks_{&blocks}, key_of_{std::move(key)} {}

    bool next() {
      ++at_;
      while (!records_ || at_ == records_->size()) {
        records_ = {}; // first, so that only one block is held
        if (block_ == blocks_->size())
          return false;
        records_ = blocks_->take(block_++);
        at_ = 0;
      }
      if constexpr (by_reference)
        key_ = &std::invoke(key_of_, std::as_const(record()));
      else
        key_.emplace(std::invoke(key_of_, std::as_const(record())));
      return true;
    }
    T& record() noexcept { return *(block_cast<T>(records_).begin() + at_); }
    const key_type& head() const noexcept { return *key_; }

  private:
    static constexpr bool by_reference = std::is_lvalue_reference_v<key_result>;

    block_queue* blocks_;
    KeyFn key_of_;
    std::conditional_t<by_reference, const key_type*, std::optional<key_type>> key_{};
    block_ptr records_;
    std::size_t block_ = 0;
    std::size_t at_ = ~std::size_t{0};
  };

  /// A run whose blocks are so small that the least share has room for those of several runs.
  std::unique_ptr<run> start_run() const {
    constexpr std::size_t least_width = 8, least_block = std::size_t{4} << 10;
    const auto block_bytes = std::clamp(share_.least() / least_width, least_block, default_block_bytes);
    return std::make_unique<run>(*task_, codec_, what_, block_bytes);
  }

  /// How many runs from `first` on can be merged at once, at least two; reserves the memory for it.
  std::size_t width(std::size_t first) {
    const auto most = std::max(task_->resources().memory.limit() / 6, share_.least());
    std::size_t n = 0, bytes = 0;
    for (; first + n != runs_.size(); ++n) {
      const auto wanted = bytes + runs_[first + n]->block_bytes();
      if (n >= 2 && wanted > share_.least() && (wanted > most || !memory_.try_resize(wanted)))
        break;
      bytes = wanted;
    }
    memory_.resize(bytes);
    return n;
  }

  void begin_merge() {
    merging_ = width(0);
    last_ = merging_ == runs_.size();
    if (last_ || first_ + 1 >= runs_.size())
      first_ = 0;
    if (!last_) { // no more than must be, so that the rest is read only once
      const auto surplus = runs_.size() - merging_;
      merging_ = std::min(surplus + 1, width(first_));
      writing_ = start_run();
    }
    std::vector<source> sources;
    sources.reserve(merging_);
    for (std::size_t i = 0; i != merging_; ++i)
      sources.emplace_back(runs_[first_ + i]->blocks(), key_);
    merge_.emplace(std::move(sources), less_);
  }

  /// Puts the new run in the place of those that it was merged from.
  void end_merge() {
    merge_.reset();
    writing_->end();
    runs_[first_] = std::move(writing_);
    const auto merged = runs_.begin() + static_cast<std::ptrdiff_t>(first_) + 1;
    runs_.erase(merged, merged + static_cast<std::ptrdiff_t>(merging_ - 1));
    ++first_;
  }

  task_scope* task_;
  const block_codec* codec_;
  std::string what_;
  KeyFn key_;
  Less less_;
  spill_share share_;
  reservation memory_;
  std::vector<std::unique_ptr<run>> runs_;
  std::unique_ptr<run> writing_;
  std::optional<loser_tree<source, Less>> merge_;
  std::size_t first_ = 0;   // of those that are merged
  std::size_t merging_ = 0; // how many
  bool last_ = false;
};

} // namespace crema::internal
