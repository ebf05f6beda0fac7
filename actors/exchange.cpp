#include "actors/exchange.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace crema::actors {

std::size_t charge(const internal::block_base& records) noexcept {
  return std::max<std::size_t>(1, records.bytes());
}

exchange::exchange(std::size_t receiver_count, std::size_t window, internal::reservation memory)
    : window_{window}, share_{window / std::max<std::size_t>(1, receiver_count)}, memory_{std::move(memory)} {}

void exchange::push(int receiver, internal::block_ptr records) {
  memory_.resize(memory_.bytes() + charge(*records));
  waiting_.push_back({receiver, std::move(records)});
}

std::optional<exchange::parcel> exchange::next() {
  if (waiting_.empty())
    return {};
  const auto bytes = charge(*waiting_.front().records);
  if (on_the_way_ != 0 && (on_the_way_ + bytes > window_ || memory_.overdrawn()))
    return {};
  auto& used = by_receiver_[waiting_.front().receiver];
  if (used != 0 && used + bytes > share_)
    return {};
  used += bytes;
  on_the_way_ += bytes;
  auto leaving = std::move(waiting_.front());
  waiting_.pop_front();
  return leaving;
}

void exchange::granted(int receiver, std::size_t bytes) {
  const auto at = by_receiver_.find(receiver);
  assert(at != by_receiver_.end() && at->second >= bytes);
  at->second -= bytes;
  on_the_way_ -= bytes;
  memory_.resize(memory_.bytes() - bytes);
  if (at->second == 0)
    by_receiver_.erase(at);
}

void exchange::clear() noexcept {
  waiting_.clear();
  memory_.resize(on_the_way_);
}

} // namespace crema::actors
