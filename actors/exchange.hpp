#pragma once

#include "dataflow/block/block.hpp"
#include "dataflow/block/memory_budget.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>

namespace crema::actors {

/// The credit that a block costs while it is on its way: its bytes, at least one.
std::size_t charge(const internal::block_base& records) noexcept;

/// The sending end of an exchange in one task: which block may leave, and when. Pure: no actor, no clock.
///
///     exchange out{receivers, window, reservation{budget}};
///     out.push(receiver, records);
///     while (auto parcel = out.next())
///       send(*parcel);
///     …
///     out.granted(receiver, bytes); // the receiver has absorbed that much: ask next() again
///
/// Credit is counted in bytes, both for each receiver (its share of the window) and in all (the window), but one block
/// is always let through to a receiver, or on the whole, that has none on its way: a block larger than the window must
/// travel too. Blocks leave in the order in which they came, so they stay in order for each receiver; one receiver
/// without credit holds up the others only until it has absorbed what it was sent, which never waits for anything.
/// Blocks that wait or travel are counted in `memory`; while its budget is overdrawn they travel one at a time.
/// Memory: one entry for each receiver with a block on its way. Not thread-safe.
class exchange {
public:
  struct parcel {
    int receiver = 0;
    internal::block_ptr records;
  };

  exchange(std::size_t receiver_count, std::size_t window, internal::reservation memory = {});

  void push(int receiver, internal::block_ptr records);

  /// The next block that may leave now.
  std::optional<parcel> next();

  void granted(int receiver, std::size_t bytes);

  /// Whether blocks wait for credit: the task should stop producing.
  bool blocked() const noexcept { return !waiting_.empty(); }

  /// Whether everything that was pushed has been absorbed.
  bool settled() const noexcept { return waiting_.empty() && on_the_way_ == 0; }

  /// Bytes that are not granted back yet.
  std::size_t on_the_way() const noexcept { return on_the_way_; }

  /// Drops what waits.
  void clear() noexcept;

private:
  std::size_t window_;
  std::size_t share_; ///< of one receiver
  std::size_t on_the_way_ = 0;
  std::unordered_map<int, std::size_t> by_receiver_; ///< bytes on the way, where there are any
  std::deque<parcel> waiting_;
  internal::reservation memory_;
};

} // namespace crema::actors
