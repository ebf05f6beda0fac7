#pragma once

#include "dataflow/block/block_queue.hpp"
#include "dataflow/plan/scope.hpp"
#include "dataflow/sort/loser_tree.hpp"
#include "dataflow/sort/run_sorter.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace crema::internal {

/// A stable sort of any amount of data: in memory while the budget allows; else sorted runs go to disk and are merged.
///
///     external_sorter<record, KeyFn, std::less<>> sorter{task, codec, "sort_by at main.cpp:3", key, {}};
///     sorter.append(block);                 // as often as blocks come
///     sorter.finish();
///     while (sorter.next(1000, [&](record&& r) { … })) …
///
/// Blocks that others may read, too, are copied first. Memory beyond the budget: one run's minimum (see least_run) and
/// a block per run while merging. Not thread-safe.
template <class T, class KeyFn, class Compare>
class external_sorter {
  using key_type = std::remove_cvref_t<std::invoke_result_t<KeyFn&, const T&>>;
  using order = sort_order<key_type, Compare>;

public:
  external_sorter(task_scope& task, const block_codec* codec, std::string what, KeyFn key, Compare compare)
      : task_{&task},
        codec_{codec},
        what_{std::move(what)},
        key_{key},
        compare_{compare},
        sorter_{std::move(key), std::move(compare)},
        memory_{task.resources().memory} {}

  void append(block_ptr records) {
    if (!block_cast<T>(records).movable() && !std::is_trivially_copyable_v<T>)
      records = copy_of(records);
    auto& typed = block_cast<T>(records);
    const auto heap = flat_record<T> ? 0 : records->bytes() - std::min(records->bytes(), typed.capacity() * sizeof(T));
    std::span<T> span{typed.begin(), typed.size()};
    sorter_.append(std::make_shared<block_ptr>(std::move(records)), span, heap);
    if (!memory_.try_resize(sorter_.bytes()))
      spill();
  }

  void finish() {
    if (runs_.empty()) {
      sorter_.sort();
      return;
    }
    if (sorter_.size() != 0)
      spill_run();
    std::vector<source> sources;
    sources.reserve(runs_.size());
    for (const auto& run : runs_)
      sources.emplace_back(*run, key_);
    merge_.emplace(std::move(sources), order{compare_});
  }

  /// Hands the next records, at most n, to `sink(T&&)`; whether more remain.
  template <class Sink>
  bool next(std::size_t n, Sink&& sink) {
    if (!merge_) {
      const bool more = sorter_.size() != 0 && sorter_.next(n, sink);
      if (!more)
        memory_.resize(0);
      return more;
    }
    for (; n != 0 && !merge_->empty(); --n) {
      sink(std::move(merge_->top().record()));
      merge_->advance();
    }
    return !merge_->empty();
  }

private:
  /// A key as its function gives it: by reference into the record, or by value. Asked once for each record.
  class held_key {
    using result = std::invoke_result_t<KeyFn&, const T&>;

  public:
    void hold(KeyFn& key, const T& record) {
      if constexpr (std::is_lvalue_reference_v<result>)
        value_ = &std::invoke(key, record);
      else
        value_.emplace(std::invoke(key, record));
    }
    const key_type& operator*() const noexcept { return *value_; }

  private:
    std::conditional_t<std::is_lvalue_reference_v<result>, const key_type*, std::optional<key_type>> value_{};
  };

  /// The records of a run on disk, block by block.
  class source {
  public:
    source(block_queue& run, KeyFn key) : run_{&run}, key_of_{std::move(key)} {}

    bool next() {
      ++at_;
      while (!records_ || at_ == records_->size()) {
        if (block_ == run_->size())
          return false;
        records_ = run_->take(block_++);
        at_ = 0;
      }
      key_.hold(key_of_, std::as_const(record()));
      return true;
    }
    T& record() { return *(block_cast<T>(records_).begin() + at_); }
    const key_type& head() const noexcept { return *key_; }

  private:
    block_queue* run_;
    KeyFn key_of_;
    held_key key_;
    block_ptr records_;
    std::size_t block_ = 0;
    std::size_t at_ = ~std::size_t{0};
  };

  static block_ptr copy_of(const block_ptr& records) {
    const auto& from = std::as_const(block_cast<T>(records));
    auto copied = std::make_unique<block<T>>(std::max<std::size_t>(1, from.size()));
    for (const auto& record : from)
      copied->emplace_back(record);
    copied->seal();
    return block_ptr{copied.release()};
  }

  /// Shorter runs would only make the merge wider.
  std::size_t least_run() const {
    return std::min<std::size_t>(std::size_t{8} << 20, task_->resources().memory.limit() / 16);
  }

  void spill() {
    if (sorter_.bytes() < least_run())
      memory_.resize(sorter_.bytes());
    else
      spill_run();
  }

  void spill_run() {
    const auto each = std::max(sizeof(T), sorter_.bytes() / std::max<std::size_t>(1, sorter_.size()));
    sorter_.sort();
    auto run = std::make_unique<block_queue>(task_->resources(), codec_, what_, false);
    for (bool more = true; more;) {
      block_builder<T> builder;
      more = sorter_.next(std::max<std::size_t>(1, default_block_bytes / each),
                          [&](T&& record) { builder.add(std::move(record)); });
      run->push(builder.take());
    }
    run->finish();
    task_->counters.spills += 1;
    task_->counters.spilled_bytes += run->spilled_bytes();
    runs_.push_back(std::move(run));
    memory_.resize(0);
  }

  task_scope* task_;
  const block_codec* codec_;
  std::string what_;
  KeyFn key_;
  Compare compare_;
  run_sorter<T, KeyFn, Compare> sorter_;
  reservation memory_;
  std::vector<std::unique_ptr<block_queue>> runs_;
  std::optional<loser_tree<source, order>> merge_;
};

} // namespace crema::internal
