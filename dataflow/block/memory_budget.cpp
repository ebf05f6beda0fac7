#include "dataflow/block/memory_budget.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace crema::internal {

memory_budget::memory_budget(std::size_t limit, std::size_t withheld) noexcept
    : limit_{limit}, most_{limit - std::min(limit, withheld)} {}

bool memory_budget::try_reserve(std::size_t bytes) noexcept {
  auto used = used_.load(std::memory_order_relaxed);
  do {
    if (used > most_ || bytes > most_ - used)
      return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  note_peak(used + bytes);
  return true;
}

void memory_budget::force_reserve(std::size_t bytes) noexcept {
  note_peak(used_.fetch_add(bytes, std::memory_order_relaxed) + bytes);
}

void memory_budget::release(std::size_t bytes) noexcept {
  [[maybe_unused]] const auto before = used_.fetch_sub(bytes, std::memory_order_relaxed);
  assert(before >= bytes);
}

std::size_t memory_budget::limit() const noexcept {
  return limit_;
}

bool memory_budget::overdrawn() const noexcept {
  return used() > most_;
}

std::size_t memory_budget::used() const noexcept {
  return used_.load(std::memory_order_relaxed);
}

std::size_t memory_budget::peak() const noexcept {
  return peak_.load(std::memory_order_relaxed);
}

void memory_budget::note_peak(std::size_t used) noexcept {
  auto peak = peak_.load(std::memory_order_relaxed);
  while (used > peak && !peak_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
  }
}

reservation::reservation(memory_budget& budget) noexcept : budget_{&budget} {}

reservation::reservation(reservation&& other) noexcept
    : budget_{other.budget_}, bytes_{std::exchange(other.bytes_, 0)} {}

reservation& reservation::operator=(reservation&& other) noexcept {
  if (this != &other) {
    resize(0);
    budget_ = other.budget_;
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

reservation::~reservation() {
  resize(0);
}

bool reservation::try_resize(std::size_t total) noexcept {
  if (budget_ != nullptr && total > bytes_ && !budget_->try_reserve(total - bytes_))
    return false;
  if (budget_ != nullptr && total < bytes_)
    budget_->release(bytes_ - total);
  bytes_ = total;
  return true;
}

void reservation::resize(std::size_t total) noexcept {
  if (budget_ != nullptr && total > bytes_)
    budget_->force_reserve(total - bytes_);
  else if (budget_ != nullptr && total < bytes_)
    budget_->release(bytes_ - total);
  bytes_ = total;
}

reservation reservation::another() const noexcept {
  reservation made;
  made.budget_ = budget_;
  return made;
}

spill_share::spill_share(memory_budget& budget) noexcept : budget_{budget} {
  budget_.sharers_.fetch_add(1, std::memory_order_relaxed);
}

spill_share::~spill_share() {
  budget_.sharers_.fetch_sub(1, std::memory_order_relaxed);
}

std::size_t spill_share::least() const noexcept {
  constexpr std::size_t fewest = std::size_t{64} << 10, most = std::size_t{8} << 20;
  const auto sharers = budget_.sharers_.load(std::memory_order_relaxed);
  return std::clamp(budget_.limit_ / 4 / sharers, fewest, most);
}

} // namespace crema::internal
