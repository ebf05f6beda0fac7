#include "net/controller_search.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace crema::net {

controller_search::controller_search(std::shared_ptr<const cluster_context> here, profile of,
                                     std::vector<address> controllers, on_found found, on_trouble trouble)
    : here_{std::move(here)},
      profile_{std::move(of)},
      controllers_{std::move(controllers)},
      found_{std::move(found)},
      trouble_{std::move(trouble)} {}

void controller_search::begin() {
  if (stopped_)
    return;
  try {
    try_next(controllers_.empty() ? profile_.where().controllers : controllers_);
  } catch (const error& e) {
    begin_again(e);
  }
}

void controller_search::try_next(std::vector<address> left) {
  const auto to = left.front();
  left.erase(left.begin());
  dial(here_->loop, here_->tls, to, {role::controller}, [self = shared_from_this(), left](dialled result) {
    if (self->stopped_)
      return;
    if (result.connection)
      return self->found_(std::move(result.connection));
    if (!left.empty())
      return self->try_next(left);
    try {
      std::rethrow_exception(result.failure);
    } catch (const error& e) {
      self->begin_again(e);
    }
  });
}

void controller_search::begin_again(const error& why) {
  if (stopped_)
    return;
  const auto pause = pause_.next(random_());
  if (trouble_)
    trouble_(why, pause);
  pausing_ =
    here_->loop.call_at(std::chrono::steady_clock::now() + pause, [self = shared_from_this()] { self->begin(); });
}

void controller_search::stop() {
  stopped_ = true;
  here_->loop.cancel(pausing_);
  found_ = nullptr;
  trouble_ = nullptr;
}

} // namespace crema::net
