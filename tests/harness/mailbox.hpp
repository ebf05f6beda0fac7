#pragma once

#include <caf/mailbox_element.hpp>
#include <caf/scheduled_actor.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <vector>

// What lies in the mailboxes of actors between two steps of a simulation.

namespace crema::testing::detail {

/// The actor behind `job`, or null where it is none that CAF's scheduler runs.
caf::scheduled_actor* as_scheduled(caf::resumable* job);
caf::scheduled_actor* as_scheduled(caf::abstract_actor* actor);

/// Everything that waits in the mailbox, in the order of its handling. What the actor has skipped comes last.
std::vector<const caf::mailbox_element*> all_mail(caf::scheduled_actor& of);

/// How many messages those are.
std::size_t mail_count(caf::scheduled_actor& of);

/// What the actor handles next: the response that it awaits, or else the first.
const caf::mailbox_element* next_mail(caf::scheduled_actor& of);

/// Whether the actor has put `mail` aside, for a later behaviour.
bool was_skipped(caf::scheduled_actor& by, const caf::mailbox_element* mail);

/// Takes `mail` out of the mailbox, wherever it lies; null if it is not there.
caf::mailbox_element_ptr take_mail(caf::scheduled_actor& of, const caf::mailbox_element* mail);

/// Puts `mail` where it is the next to be handled. Of an actor that waited for mail this makes a ready one.
void put_first(caf::scheduled_actor& of, caf::mailbox_element_ptr mail);

/// The same message once more.
caf::mailbox_element_ptr copy_of(const caf::mailbox_element& mail);

/// A stand-in for `mail`, at whose handling `failure` is thrown as if by the handler.
caf::mailbox_element_ptr throwing_mail(const caf::mailbox_element& mail, std::exception_ptr failure);

/// "withdraw(50)", "3, \"text\"": the values, or the names of types that cannot be printed.
std::string to_text(const caf::type_erased_tuple& content);

/// The same, without looking at the values.
std::string types_of(const caf::type_erased_tuple& content);

} // namespace crema::testing::detail
