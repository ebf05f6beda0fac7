#pragma once

#include "dataflow/plan/cursor.hpp"

#include <iterator>
#include <optional>

namespace crema {

/// The records of one partition, as a function given to map_partitions or for_each_partition sees them.
///
///     data.map_partitions([](auto& records) {
///       long sum = 0;
///       for (long x : records)
///         sum += x;
///       return std::vector{sum};
///     });
///
/// Single pass: `begin` may be called once. It holds one block at a time. Records may be moved out where nobody else
/// has them. Valid during the call only, and for a lazy range that the function returns.
template <class T>
class partition_range {
public:
  virtual ~partition_range() = default;

  class iterator {
  public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = T&;
    using pointer = T*;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(partition_range* from) : from_{from} { ++*this; }

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
    partition_range* from_ = nullptr;
  };

  iterator begin() { return iterator{this}; }
  std::default_sentinel_t end() const noexcept { return {}; }

protected:
  /// Sets at_ and end_ to the next records; false at the end.
  virtual bool refill() = 0;

  T* at_ = nullptr;
  T* end_ = nullptr;
};

namespace internal {

/// A partition_range that pulls from a cursor.
template <class T, class Cursor>
class cursor_range final : public partition_range<T> {
public:
  explicit cursor_range(Cursor cursor) : cursor_{std::move(cursor)} {}

private:
  static constexpr std::size_t batch = std::max<std::size_t>(1, 32 * 1024 / sizeof(T));

  bool refill() override {
    current_ = {};
    bool more = true;
    bool filled = false;
    auto sink = [&]<class X>(X&& x) { filled |= builder_.add(std::forward<X>(x)); };
    while (more && builder_.empty())
      more = cursor_.pump(sink, until_full{batch, [&] { return filled; }});
    current_ = builder_.take();
    if (!current_)
      return false;
    auto& records = block_cast<T>(current_);
    this->at_ = records.begin();
    this->end_ = records.end();
    return true;
  }

  Cursor cursor_;
  block_builder<T> builder_;
  block_ptr current_;
};

} // namespace internal
} // namespace crema
