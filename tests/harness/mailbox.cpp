#include "tests/harness/mailbox.hpp"

#include "tests/harness/type_name.hpp"

#include <algorithm>
#include <utility>

namespace crema::testing::detail {

namespace {

using caf::mailbox_element;
using caf::mailbox_element_ptr;
using caf::scheduled_actor;

/// The pointer to a protected member that only a derived class may name.
struct protected_members : scheduled_actor {
  static auto awaited() { return &protected_members::awaited_responses_; }
};

/// The mailbox's queue, or null while the actor is blocked: looking into the inbox would then unblock it.
auto* open_queue(scheduled_actor& of) {
  auto& box = of.mailbox();
  if (box.closed())
    return static_cast<scheduled_actor::mailbox_type::queue_type*>(nullptr);
  if (!box.blocked())
    box.fetch_more();
  return &box.queue();
}

template <class F>
void with_queues(scheduled_actor& of, F&& f) {
  if (auto* queues = open_queue(of)) {
    f(std::get<scheduled_actor::urgent_queue_index>(queues->queues()));
    f(std::get<scheduled_actor::normal_queue_index>(queues->queues()));
  }
}

template <class Queue>
std::vector<mailbox_element_ptr> take_all(Queue& queue) {
  std::vector<mailbox_element_ptr> all;
  while (auto mail = queue.take_front()) // also what is in the cache
    all.push_back(std::move(mail));
  return all;
}

/// Lets `edit` change the contents of a queue: what waits, and what was skipped.
template <class Queue, class Edit>
void edit_queue(Queue& queue, Edit&& edit) {
  typename Queue::cache_type cache{std::move(queue.cache())};
  auto waiting = take_all(queue);
  queue.cache() = std::move(cache);
  auto skipped = take_all(queue);
  edit(waiting, skipped);
  for (auto& mail : waiting)
    queue.push_back(std::move(mail));
  for (auto& mail : skipped)
    queue.cache().push_back(std::move(mail));
}

mailbox_element_ptr remove(std::vector<mailbox_element_ptr>& from, const mailbox_element* mail) {
  const auto at = std::ranges::find(from, mail, &mailbox_element_ptr::get);
  if (at == from.end())
    return {};
  auto found = std::move(*at);
  from.erase(at);
  return found;
}

class thrower final : public mailbox_element {
public:
  thrower(const mailbox_element& instead_of, std::exception_ptr failure)
      : mailbox_element{caf::strong_actor_ptr{instead_of.sender}, instead_of.mid, forwarding_stack{instead_of.stages}},
        failure_{std::move(failure)} {}

  caf::type_erased_tuple& content() override { std::rethrow_exception(failure_); }
  const caf::type_erased_tuple& content() const override { std::rethrow_exception(failure_); }
  caf::message move_content_to_message() override { return {}; }
  caf::message copy_content_to_message() const override { return {}; }

private:
  std::exception_ptr failure_;
};

} // namespace

scheduled_actor* as_scheduled(caf::resumable* job) {
  return job->subtype() == caf::resumable::scheduled_actor ? static_cast<scheduled_actor*>(job) : nullptr;
}

scheduled_actor* as_scheduled(caf::abstract_actor* actor) {
  return dynamic_cast<scheduled_actor*>(actor);
}

std::vector<const mailbox_element*> all_mail(scheduled_actor& of) {
  std::vector<const mailbox_element*> waiting, skipped;
  with_queues(of, [&](auto& queue) {
    queue.peek_all([&](const mailbox_element& mail) { waiting.push_back(&mail); });
    queue.cache().peek_all([&](const mailbox_element& mail) { skipped.push_back(&mail); });
  });
  waiting.insert(waiting.end(), skipped.begin(), skipped.end());
  return waiting;
}

std::size_t mail_count(scheduled_actor& of) {
  std::size_t count = 0;
  with_queues(of, [&](auto& queue) { count += queue.total_task_size() + queue.cache().total_task_size(); });
  return count;
}

const mailbox_element* next_mail(scheduled_actor& of) {
  auto* queues = open_queue(of);
  if (queues == nullptr || queues->empty())
    return nullptr;
  const auto& awaited = of.*protected_members::awaited();
  if (awaited.empty())
    return queues->peek();
  const mailbox_element* next = nullptr;
  queues->peek_all([&](const mailbox_element& mail) {
    if (next == nullptr && mail.mid == awaited.front().first)
      next = &mail;
  });
  return next != nullptr ? next : queues->peek();
}

bool was_skipped(scheduled_actor& by, const mailbox_element* mail) {
  bool found = false;
  with_queues(by, [&](auto& queue) {
    queue.cache().peek_all([&](const mailbox_element& skipped) { found = found || &skipped == mail; });
  });
  return found;
}

mailbox_element_ptr take_mail(scheduled_actor& of, const mailbox_element* mail) {
  mailbox_element_ptr found;
  with_queues(of, [&](auto& queue) {
    if (!found)
      edit_queue(queue, [&](auto& waiting, auto& skipped) {
        found = remove(waiting, mail);
        if (!found)
          found = remove(skipped, mail);
      });
  });
  return found;
}

void put_first(scheduled_actor& of, mailbox_element_ptr mail) {
  auto& box = of.mailbox();
  if (box.closed() || box.blocked()) {
    of.enqueue(std::move(mail), nullptr);
    return;
  }
  box.fetch_more();
  const auto put = [&](auto& queue) {
    edit_queue(queue, [&](auto& waiting, auto&) { waiting.insert(waiting.begin(), std::move(mail)); });
  };
  auto& queues = box.queue().queues();
  if (mail->is_high_priority())
    put(std::get<scheduled_actor::urgent_queue_index>(queues));
  else
    put(std::get<scheduled_actor::normal_queue_index>(queues));
}

mailbox_element_ptr copy_of(const mailbox_element& mail) {
  return caf::make_mailbox_element(mail.sender, mail.mid, mail.stages, mail.copy_content_to_message());
}

mailbox_element_ptr throwing_mail(const mailbox_element& mail, std::exception_ptr failure) {
  return mailbox_element_ptr{new thrower{mail, std::move(failure)}};
}

std::string types_of(const caf::type_erased_tuple& content) {
  std::string text;
  for (std::size_t i = 0; i != content.size(); ++i) {
    const auto [number, info] = content.type(i);
    text += (i == 0 ? "" : ", ") + (info != nullptr ? type_name(*info) : content.stringify(i));
  }
  return text;
}

std::string to_text(const caf::type_erased_tuple& content) {
  std::string text;
  for (std::size_t i = 0; i != content.size(); ++i) {
    auto value = content.stringify(i);
    if (const auto* info = content.type(i).second; info != nullptr && value == "<unprintable>")
      value = type_name(*info);
    text += (i == 0 ? "" : ", ") + value;
  }
  return text;
}

} // namespace crema::testing::detail
