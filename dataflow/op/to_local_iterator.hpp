#pragma once

#include "dataflow/op/action.hpp"
#include "dataflow/op/local_queue.hpp"

#include <iterator>
#include <memory>

namespace crema {

/// The records of a dataset as a single-pass range: what to_local_iterator gives.
///
///     for (const auto& record : data.to_local_iterator())
///       if (!use(record))
///         break;                          // the rest is not computed
///
/// The job runs while the caller reads, a window ahead of it; a caller that stops reading stops the job. On the inline
/// engine it runs in the caller's thread, a block at a time, whenever one is needed. Incrementing throws what goes
/// wrong in the job. The range's end cancels what is left. Movable; for one thread.
template <class T>
class local_range {
public:
  local_range(internal::job_handle run, std::shared_ptr<internal::local_queue> queue)
      : queue_{std::move(queue)}, run_{std::move(run)} {}

  class iterator {
  public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = T&;
    using pointer = T*;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(local_range* from) : from_{from} { ++*this; }

    T& operator*() const { return *from_->at_; }
    T* operator->() const { return from_->at_; }
    iterator& operator++() {
      if (from_->at_ != from_->end_ && ++from_->at_ != from_->end_)
        return *this;
      if (!from_->refill())
        from_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return from_ == nullptr; }

  private:
    local_range* from_ = nullptr;
  };

  /// Once.
  iterator begin() { return iterator{this}; }
  std::default_sentinel_t end() const noexcept { return {}; }

private:
  bool refill() {
    at_ = end_ = nullptr;
    current_ = {};
    current_ = queue_->pop(run_);
    if (!current_)
      return false;
    if (!internal::block_cast<T>(current_).movable())
      current_ = copy(current_);
    auto& records = internal::block_cast<T>(current_);
    at_ = records.begin();
    end_ = records.end();
    return true;
  }

  /// A block that others read, too, must not be changed through the iterator.
  static internal::block_ptr copy(const internal::block_ptr& records) {
    internal::block_builder<T> builder{~std::size_t{0}};
    for (const auto& record : std::as_const(internal::block_cast<T>(records)))
      builder.add(record);
    return builder.take();
  }

  std::shared_ptr<internal::local_queue> queue_;
  internal::job_handle run_;
  internal::block_ptr current_;
  T* at_ = nullptr;
  T* end_ = nullptr;
};

template <class T, class Node>
local_range<T> rdd<T, Node>::to_local_iterator() const {
  auto queue = internal::local_queue::open(num_partitions());
  auto run =
    internal::start_action(node_, "to_local_iterator", internal::end_in<internal::record_terminal<T>>(link()), queue);
  return {internal::job_handle{std::move(run)}, queue};
}

} // namespace crema
