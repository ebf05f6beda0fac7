#include "tests/harness/message_verbs.hpp"

#include "tests/harness/failure.hpp"
#include "tests/harness/type_name.hpp"
#include "tests/harness/world.hpp"

#include <algorithm>
#include <utility>

namespace crema::testing::detail {

namespace {

/// A message and where it lies.
struct find {
  caf::scheduled_actor* actor = nullptr;
  const caf::mailbox_element* mail = nullptr;

  explicit operator bool() const noexcept { return mail != nullptr; }
};

std::string describe(const world& in, const pattern& wanted) {
  auto text = wanted.types;
  if (!wanted.values.empty())
    text += " whose values are " + wanted.values;
  if (wanted.from)
    text += " from " + in.log.name_of(wanted.from->id());
  if (wanted.to)
    text += " to " + in.log.name_of(wanted.to->id());
  return text;
}

bool fits(const pattern& wanted, const caf::strong_actor_ptr& sender, const caf::type_erased_tuple& content,
          std::string& why) {
  if (wanted.from && wanted.from->ptr() != sender) {
    why = "its sender differs";
    return false;
  }
  return wanted.fits(content, why);
}

/// Those that may have what is wanted: its receiver, or whoever has mail, the longest waiting first.
std::vector<caf::scheduled_actor*> receivers(const world& in, const pattern& wanted) {
  std::vector<caf::scheduled_actor*> all;
  if (wanted.to) {
    if (auto* actor = as_scheduled(wanted.to->get()))
      all.push_back(actor);
    return all;
  }
  for (auto* job : in.turns->jobs)
    if (auto* actor = as_scheduled(job))
      all.push_back(actor);
  return all;
}

/// The message that fits and is the next of its receiver; `why` gets what is next if it does not fit.
find find_next(const world& in, const pattern& wanted, std::string& why) {
  for (auto* actor : receivers(in, wanted)) {
    const auto* mail = next_mail(*actor);
    if (mail == nullptr)
      continue;
    std::string difference;
    if (fits(wanted, mail->sender, mail->content(), difference))
      return {actor, mail};
    why += "  " + in.log.name_of(actor->id()) + " gets next  " + to_text(mail->content()) + "  of "
           + in.log.name_of(mail->sender ? mail->sender->id() : 0) + ": " + difference + '\n';
  }
  return {};
}

std::vector<find> find_all(const world& in, const pattern& wanted) {
  std::vector<find> all;
  std::string why;
  for (auto* actor : receivers(in, wanted))
    for (const auto* mail : all_mail(*actor))
      if (fits(wanted, mail->sender, mail->content(), why))
        all.push_back({actor, mail});
  return all;
}

[[noreturn]] void fail(const world& in, const std::string& what, const std::string& why, source_location where) {
  fail_test(what + (why.empty() ? "\n" : "\nbut\n" + why) + "in all mailboxes:\n" + in.describe_mail()
              + "the last events:\n" + in.log.to_text(20),
            where);
}

bool deliver(world& in, const pattern& wanted, bool must, source_location where) {
  std::string why;
  const auto next = find_next(in, wanted, why);
  if (next)
    in.step(*next.actor);
  else if (must)
    fail(in, "expected " + describe(in, wanted), why, where);
  return static_cast<bool>(next);
}

/// Takes the first message that fits out of its mailbox.
std::pair<caf::strong_actor_ptr, caf::mailbox_element_ptr> take(world& in, const pattern& wanted, const char* verb,
                                                                source_location where) {
  const auto all = find_all(in, wanted);
  if (all.empty())
    fail(in, std::string{verb} + ": there is no " + describe(in, wanted), "", where);
  const auto [actor, mail] = all.front();
  caf::strong_actor_ptr receiver{actor->ctrl()};
  in.fault(std::string{verb} + ": " + types_of(mail->content()), actor->id());
  auto taken = take_mail(*actor, mail);
  in.settle(*actor);
  return {std::move(receiver), std::move(taken)};
}

void duplicate(world& in, const pattern& wanted, source_location where) {
  const auto all = find_all(in, wanted);
  if (all.empty())
    fail(in, "duplicate: there is no " + describe(in, wanted), "", where);
  in.fault("duplicated: " + types_of(all.front().mail->content()), all.front().actor->id());
  all.front().actor->enqueue(copy_of(*all.front().mail), nullptr);
}

void hold(world& in, const pattern& wanted) {
  for (const auto& [actor, mail] : find_all(in, wanted)) {
    in.fault("held: " + types_of(mail->content()), actor->id());
    caf::strong_actor_ptr receiver{actor->ctrl()};
    in.held.emplace_back(receiver, take_mail(*actor, mail));
    in.settle(*actor);
  }
}

void release(world& in, const pattern& wanted) {
  std::string why;
  for (auto& [receiver, mail] : in.held)
    if ((!wanted.to || wanted.to->ptr() == receiver) && fits(wanted, mail->sender, mail->content(), why))
      receiver->enqueue(std::move(mail), nullptr);
  std::erase_if(in.held, [](const auto& one) { return one.second == nullptr; });
}

} // namespace

std::string names_of(std::initializer_list<const std::type_info*> types) {
  std::string text;
  for (const auto* type : types)
    text += (text.empty() ? "" : ", ") + type_name(*type);
  return text.empty() ? "an empty message" : text;
}

bool carry_out(world& in, verb what, const pattern& wanted, std::chrono::nanoseconds time, source_location where) {
  in.demand_outside();
  switch (what) {
  case verb::expect:
    return deliver(in, wanted, true, where);
  case verb::allow:
    return deliver(in, wanted, false, where);
  case verb::disallow:
    if (!find_all(in, wanted).empty())
      fail(in, "there is " + describe(in, wanted), "", where);
    return true;
  case verb::drop:
    take(in, wanted, "dropped", where);
    return true;
  case verb::duplicate:
    duplicate(in, wanted, where);
    return true;
  case verb::hold:
    hold(in, wanted);
    return true;
  case verb::release:
    release(in, wanted);
    return true;
  case verb::delay: {
    auto [receiver, mail] = take(in, wanted, "delayed", where);
    in.turns->clock().schedule_message(in.turns->clock().now() + time, receiver, std::move(mail));
    return true;
  }
  }
  return false;
}

} // namespace crema::testing::detail

namespace crema::testing {

void message_verbs::release_all() {
  for (auto& [receiver, mail] : std::exchange(in_.held, {}))
    receiver->enqueue(std::move(mail), nullptr);
}

void message_verbs::deliver(const actor_ref& from, const actor_ref& to, caf::message content, source_location where) {
  in_.demand_outside();
  auto* actor = detail::as_scheduled(to.get());
  if (actor == nullptr || !in_.is_alive(to.id()))
    detail::fail_test("inject: there is nobody to get the message", where);
  in_.begin(*actor);
  detail::put_first(*actor, caf::make_mailbox_element(from.ptr(), caf::make_message_id(), {}, std::move(content)));
  in_.step(*actor);
}

std::size_t message_verbs::mail_count() const {
  std::size_t count = 0;
  for (auto* job : in_.turns->jobs)
    if (auto* actor = detail::as_scheduled(job))
      count += detail::mail_count(*actor);
  return count;
}

std::vector<mail_view> message_verbs::mailbox_of(const actor_ref& actor) const {
  std::vector<mail_view> all;
  if (auto* of = detail::as_scheduled(actor.get()))
    for (const auto* mail : detail::all_mail(*of))
      all.push_back({mail->sender, &mail->content(), detail::to_text(mail->content())});
  return all;
}

} // namespace crema::testing
