#pragma once

#include "dataflow/block/block_queue.hpp"
#include "dataflow/plan/scope.hpp"
#include "dataflow/sort/run_sorter.hpp"
#include "dataflow/sort/sorted_runs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// A stable sort of any amount of data: in memory while the budget allows; else sorted runs go to disk and are merged.
///
///     external_sorter<record, KeyFn, std::less<>> sorter{task, codec, "sort_by at main.cpp:3", key, {}};
///     sorter.append(block);                 // as often as blocks come
///     sorter.finish();
///     while (sorter.next(1000, [&](record&& r) { … })) …
///
/// Blocks that others may read, too, are copied first. Memory beyond the budget: see sorted_runs. Not thread-safe.
template <class T, class KeyFn, class Compare>
class external_sorter {
  using key_type = std::remove_cvref_t<std::invoke_result_t<KeyFn&, const T&>>;

public:
  external_sorter(task_scope& task, const block_codec* codec, std::string what, KeyFn key, Compare compare)
      : sorter_{key, compare},
        memory_{task.resources().memory},
        runs_{task, codec, std::move(what), key, sort_order<key_type, Compare>{compare}} {}

  void append(block_ptr records) {
    if (!block_cast<T>(records).movable() && !std::is_trivially_copyable_v<T>)
      records = copy_of(records);
    auto& typed = block_cast<T>(records);
    const auto heap = flat_record<T> ? 0 : records->bytes() - std::min(records->bytes(), typed.capacity() * sizeof(T));
    std::span<T> span{typed.begin(), typed.size()};
    records_ += span.size();
    bytes_ += span.size_bytes() + heap;
    sorter_.append(std::make_shared<block_ptr>(std::move(records)), span, heap);
    if (memory_.try_resize(sorter_.bytes()))
      return;
    if (sorter_.bytes() < runs_.least_run())
      memory_.resize(sorter_.bytes());
    else
      spill();
  }

  void finish() {
    if (runs_.empty())
      sorter_.sort();
    else if (sorter_.size() != 0)
      spill();
  }

  /// Works on what must be done before the first record can be given, for about n records; whether it is done.
  bool ready(std::size_t n) { return runs_.empty() || runs_.ready(n); }

  /// Records that together have the size of a block, on average.
  std::size_t block_records() const noexcept {
    return std::max<std::size_t>(1, default_block_bytes
                                      / std::max<std::size_t>(1, bytes_ / std::max<std::size_t>(1, records_)));
  }

  /// Hands the next records, at most n and perhaps none yet, to `sink(T&&)`; whether more remain.
  template <class Sink>
  bool next(std::size_t n, Sink&& sink) {
    if (runs_.empty()) {
      const bool more = sorter_.size() != 0 && sorter_.next(n, sink);
      if (!more)
        memory_.resize(0);
      return more;
    }
    if (!runs_.ready(n))
      return true;
    for (; n != 0 && !runs_.done(); --n) {
      sink(std::move(runs_.top()));
      runs_.advance();
    }
    return !runs_.done();
  }

private:
  static block_ptr copy_of(const block_ptr& records) {
    const auto& from = std::as_const(block_cast<T>(records));
    open_block<T> copied{std::max<std::size_t>(1, from.size())};
    for (const auto& record : from)
      copied->emplace_back(record);
    return copied.seal();
  }

  void spill() {
    constexpr std::size_t batch = 1024;
    sorter_.sort();
    runs_.begin();
    while (sorter_.next(batch, [this](T&& record) { runs_.add(std::move(record)); })) {
    }
    runs_.end();
    memory_.resize(0);
  }

  run_sorter<T, KeyFn, Compare> sorter_;
  reservation memory_;
  sorted_runs<T, KeyFn, sort_order<key_type, Compare>> runs_;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace crema::internal
