#include "actors/result_credit.hpp"

#include <caf/send.hpp>

#include <utility>

namespace crema::actors {

result_credit::result_credit(partition_actor task) : task_{std::move(task)} {}

internal::credit_token result_credit::token(std::size_t bytes) {
  return {static_cast<void*>(this), [line = shared_from_this(), bytes](void*) { line->give_back(bytes); }};
}

void result_credit::close() noexcept {
  std::lock_guard lock{mutex_};
  task_ = nullptr;
}

void result_credit::give_back(std::size_t bytes) {
  // Under the lock, so that nothing is sent any more once close() has returned.
  std::lock_guard lock{mutex_};
  if (task_)
    caf::anon_send(task_, grant_credit{0, bytes});
}

} // namespace crema::actors
