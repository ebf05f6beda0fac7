#pragma once

#include <atomic>
#include <cstddef>
#include <string>

namespace crema::internal {

/// The memory that one process may fill with records: exchange buffers, tables, sort runs and caches share it.
///
///     memory_budget budget{default_memory_limit()};
///     reservation share{budget};
///     if (!share.try_resize(table.bytes_after_growth()))
///       spill(table); // then share.try_resize(0)
///
/// Counts bytes and allocates none: whoever holds memory says so, and whoever is told "no" spills. Thread-safe and
/// lock-free; an operation costs one contended atomic, so reserve by the block or table, never by the record.
class memory_budget {
public:
  /// `withheld` bytes of the limit are not lent: they are for what nobody reserves, such as freed buffers that are
  /// kept, and for what is taken by force.
  explicit memory_budget(std::size_t limit, std::size_t withheld = 0) noexcept;

  memory_budget(const memory_budget&) = delete;
  memory_budget& operator=(const memory_budget&) = delete;

  /// Takes `bytes`, or changes nothing and answers false where that would pass the limit.
  [[nodiscard]] bool try_reserve(std::size_t bytes) noexcept;

  /// Takes `bytes` even beyond the limit: for the minimum without which nothing moves, such as one block.
  void force_reserve(std::size_t bytes) noexcept;

  /// Gives back `bytes` that were taken.
  void release(std::size_t bytes) noexcept;

  std::size_t limit() const noexcept;

  /// Whether more is taken than may be lent.
  bool overdrawn() const noexcept;

  /// Bytes taken now; above the limit only after `force_reserve`.
  std::size_t used() const noexcept;

  /// The most that was ever taken.
  std::size_t peak() const noexcept;

private:
  friend class spill_share;

  void note_peak(std::size_t used) noexcept;

  const std::size_t limit_;
  const std::size_t most_; // the limit without what is withheld
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> peak_{0};
  std::atomic<std::size_t> sharers_{0};
};

/// One holder's share of a budget, given back by the destructor. Movable (the source is left with 0 bytes of the same
/// budget); not thread-safe, though distinct shares of one budget may live on distinct threads. The budget must
/// outlive it.
class reservation {
public:
  /// A share of no budget: every resize succeeds.
  reservation() noexcept = default;

  explicit reservation(memory_budget& budget) noexcept;

  reservation(reservation&& other) noexcept;
  reservation& operator=(reservation&& other) noexcept;
  ~reservation();

  /// Grows or shrinks to `total` bytes; false and unchanged where growing would pass the limit.
  [[nodiscard]] bool try_resize(std::size_t total) noexcept;

  /// The same, forced.
  void resize(std::size_t total) noexcept;

  std::size_t bytes() const noexcept { return bytes_; }

  /// Another share, of nothing yet, of the same budget.
  reservation another() const noexcept;

  /// Whether the budget is overdrawn; never, where there is none.
  bool overdrawn() const noexcept { return budget_ != nullptr && budget_->overdrawn(); }

private:
  memory_budget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

/// One of those that spill when the budget is used up, as long as it lives. Each may take a least share by force before
/// it does: shorter runs would make merges wider. All least shares together are a quarter of the budget.
class spill_share {
public:
  explicit spill_share(memory_budget& budget) noexcept;
  spill_share(const spill_share&) = delete;
  spill_share& operator=(const spill_share&) = delete;
  ~spill_share();

  /// Bytes, now: the more there are to share, the fewer. 64 KiB to 8 MiB.
  std::size_t least() const noexcept;

private:
  memory_budget& budget_;
};

} // namespace crema::internal
