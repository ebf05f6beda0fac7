#include "actors/result_credit.hpp"

#include <caf/mailbox_element.hpp>

#include <utility>

namespace crema::actors {

struct result_credit::owed {
  std::shared_ptr<result_credit> line;
  caf::mailbox_element_ptr grant;

  owed(std::shared_ptr<result_credit> by, caf::mailbox_element_ptr what)
      : line{std::move(by)}, grant{std::move(what)} {}
  ~owed() {
    // Under the lock, so that nothing is sent any more once close() has returned.
    std::lock_guard lock{line->mutex_};
    if (line->task_)
      caf::actor_cast<caf::abstract_actor*>(line->task_)->enqueue(std::move(grant), nullptr);
  }
};

result_credit::result_credit(partition_actor task) : task_{std::move(task)} {}

internal::credit_token result_credit::token(std::size_t bytes) {
  auto grant = caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, grant_credit{0, bytes});
  return std::make_shared<owed>(shared_from_this(), std::move(grant));
}

void result_credit::close() noexcept {
  std::lock_guard lock{mutex_};
  task_ = nullptr;
}

} // namespace crema::actors
