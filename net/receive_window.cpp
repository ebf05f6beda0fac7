#include "net/receive_window.hpp"

#include <utility>

namespace crema::net {

bool receive_window::received(std::size_t charge) noexcept {
  if (open_ <= 0)
    return false;
  open_ -= static_cast<std::int64_t>(charge);
  return true;
}

std::uint64_t receive_window::consumed(std::size_t charge) noexcept {
  owed_ += charge;
  if (owed_ < portion_)
    return 0;
  open_ += static_cast<std::int64_t>(owed_);
  return std::exchange(owed_, 0);
}

} // namespace crema::net
