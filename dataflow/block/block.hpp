#pragma once

#include "dataflow/block/footprint.hpp"
#include "dataflow/block/page_buffer.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace crema::internal {

/// A batch of records of one type, the unit in which records move between tasks.
///
/// A block is filled by one thread, then sealed: from there on it is immutable and may be read by any thread, unless
/// `unique()` says that the reader holds the only reference, who may then move the records out.
/// Shapes: usually 1 to some 10,000 records, 64 KiB to 1 MiB; Thrill's blocks, handed over by reference instead of
/// copied.
class block_base {
public:
  block_base(const block_base&) = delete;
  block_base& operator=(const block_base&) = delete;
  virtual ~block_base() = default;

  /// Number of records.
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// Memory that goes away with this block, what its records own included.
  std::size_t bytes() const noexcept { return bytes_; }

  /// Whether the caller's reference is the only one. Synchronises with the references that went away.
  bool unique() const noexcept { return references_.load(std::memory_order_acquire) == 1; }

protected:
  block_base() = default;

  std::size_t size_ = 0;
  std::size_t bytes_ = 0;

private:
  friend class block_ptr;
  std::atomic<std::uint32_t> references_{0};
};

/// A counted reference to a block of any record type.
class block_ptr {
public:
  block_ptr() noexcept = default;
  explicit block_ptr(block_base* block) noexcept : block_{block} { retain(); }
  block_ptr(const block_ptr& other) noexcept : block_{other.block_} { retain(); }
  block_ptr(block_ptr&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
  block_ptr& operator=(block_ptr other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~block_ptr() {
    if (block_ != nullptr && block_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete block_;
  }

  explicit operator bool() const noexcept { return block_ != nullptr; }
  block_base* operator->() const noexcept { return block_; }
  block_base& operator*() const noexcept { return *block_; }
  block_base* get() const noexcept { return block_; }

private:
  void retain() const noexcept {
    if (block_ != nullptr)
      block_->references_.fetch_add(1, std::memory_order_relaxed);
  }

  block_base* block_ = nullptr;
};

/// A block of T: records in its own recycled memory, or a view of records that `owner` keeps alive.
template <class T>
class block final : public block_base {
public:
  /// A block with room for `capacity` records, to be filled by `emplace_back`.
  explicit block(std::size_t capacity) : storage_{capacity * sizeof(T)} {
    first_ = reinterpret_cast<T*>(storage_.data());
    capacity_ = storage_.capacity() / sizeof(T);
  }

  /// A view: `size` records at `first`, alive as long as `owner`. Its records are never moved from.
  block(std::shared_ptr<const void> owner, const T* first, std::size_t size)
      : owner_{std::move(owner)}, first_{const_cast<T*>(first)}, capacity_{size} {
    size_ = size;
  }

  ~block() override {
    if (!owner_)
      std::destroy_n(first_, size_);
  }

  bool full() const noexcept { return size_ == capacity_; }
  std::size_t capacity() const noexcept { return capacity_; }

  /// Adds a record; the block must not be full, nor a view.
  template <class... Args>
  void emplace_back(Args&&... args) {
    ::new (static_cast<void*>(first_ + size_)) T(std::forward<Args>(args)...);
    ++size_;
  }

  /// Counts `n` records that were made behind the last one.
  void count_more(std::size_t n) noexcept { size_ += n; }

  /// Ends the filling: counts the bytes.
  void seal() {
    bytes_ = sizeof(*this) + storage_.capacity();
    if constexpr (!flat_record<T>)
      for (const auto& record : *this)
        bytes_ += footprint(record);
  }

  /// Whether `begin()` to `end()` may be moved from by the holder of the only reference.
  bool movable() const noexcept { return !owner_ && unique(); }

  const T* begin() const noexcept { return first_; }
  const T* end() const noexcept { return first_ + size_; }
  T* begin() noexcept { return first_; }
  T* end() noexcept { return first_ + size_; }

private:
  page_buffer storage_;
  std::shared_ptr<const void> owner_;
  T* first_ = nullptr;
  std::size_t capacity_ = 0;
};

/// A block that is being filled, or none. It has one holder.
template <class T>
class open_block {
public:
  open_block() noexcept = default;
  explicit open_block(std::size_t capacity) : block_{new block<T>(capacity)} {}

  explicit operator bool() const noexcept { return static_cast<bool>(block_); }
  block<T>* operator->() const noexcept { return static_cast<block<T>*>(block_.get()); }
  block<T>& operator*() const noexcept { return *operator->(); }

  /// Ends the filling; there is no open block then.
  block_ptr seal() {
    operator->()->seal();
    return std::move(block_);
  }

private:
  block_ptr block_;
};

/// The block behind `pointer`, which must hold records of T.
template <class T>
block<T>& block_cast(const block_ptr& pointer) noexcept {
  return static_cast<block<T>&>(*pointer);
}

/// Blocks that hold about this much move between tasks: large enough that a hand-over costs nothing beside the work in
/// it.
inline constexpr std::size_t default_block_bytes = 128 * 1024;

/// Collects records into blocks of about `target_bytes`, what records hold on the heap included; tiny results stay
/// tiny, because a block grows as it fills. The heap is looked at as it grows, so large records may make a block a few
/// times larger.
template <class T>
class block_builder {
public:
  explicit block_builder(std::size_t target_bytes = default_block_bytes)
      : target_bytes_{target_bytes}, limit_{std::max<std::size_t>(1, target_bytes / sizeof(T))} {}

  block_builder(block_builder&&) noexcept = default;
  ~block_builder() { count(); }

  /// Adds a record made of `args`; true when the block has reached its size and wants to be taken.
  template <class... Args>
  [[gnu::always_inline]] bool add(Args&&... args) {
    if (next_ == end_) [[unlikely]]
      grow();
    ::new (static_cast<void*>(next_)) T(std::forward<Args>(args)...);
    return ++next_ == end_ && size() >= wanted_;
  }

  /// Adds `record(i)` for each i below n, however large the block becomes.
  template <class RecordAt>
  void add_all(std::size_t n, RecordAt&& record) {
    for (std::size_t i = 0; i != n;) {
      if (next_ == end_)
        grow();
      T* const to = next_;
      const auto room = std::min(n - i, static_cast<std::size_t>(end_ - to));
      for (std::size_t j = 0; j != room; ++j, ++next_)
        ::new (static_cast<void*>(to + j)) T(record(i + j));
      i += room;
    }
  }

  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept { return block_ ? static_cast<std::size_t>(next_ - block_->begin()) : 0; }

  /// The block as filled so far, sealed; a null pointer when nothing was added.
  block_ptr take() {
    if (!block_)
      return {};
    count();
    filled_one_ = block_->size() >= limit_;
    next_ = end_ = nullptr;
    return block_.seal();
  }

private:
  [[gnu::noinline]] void grow() {
    count();
    if (block_ && !block_->full()) { // it was full by bytes, and nobody took it
      end_ = block_->begin() + block_->capacity();
      return;
    }
    constexpr std::size_t first_capacity = std::max<std::size_t>(1, (flat_record<T> ? 512 : 128) / sizeof(T));
    open_block<T> larger{block_ ? std::max(block_->capacity() + 1, std::min(limit_, block_->capacity() * 4))
                                : std::min(limit_, flat_record<T> && filled_one_ ? limit_ : first_capacity)};
    wanted_ = limit_;
    if (block_) {
      std::size_t bytes = 0;
      for (auto& record : *block_) {
        if constexpr (!flat_record<T>)
          bytes += sizeof(T) + footprint(record);
        larger->emplace_back(std::move_if_noexcept(record));
      }
      if (bytes >= target_bytes_)
        wanted_ = larger->size() + 1; // with the record that comes now it is full
    }
    block_ = std::move(larger);
    next_ = block_->end();
    end_ = block_->begin() + (block_->size() < wanted_ ? std::min(wanted_, block_->capacity()) : block_->capacity());
  }

  /// Tells the block of its records, which it does not know before: counting each in the block takes longer.
  void count() noexcept {
    if (block_)
      block_->count_more(static_cast<std::size_t>(next_ - block_->end()));
  }

  open_block<T> block_;
  T* next_ = nullptr;
  T* end_ = nullptr; // of the room in block_, or of what it shall hold
  std::size_t target_bytes_;
  std::size_t limit_;
  std::size_t wanted_ = 0;  // records of this block: the limit, or fewer where they are large
  bool filled_one_ = false; // so the next one will be as large, most likely
};

} // namespace crema::internal
