#include "net/cluster/hired_node.hpp"

#include "dataflow/error.hpp"
#include "net/cluster/own_executable.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace crema::net {

namespace {

constexpr std::uint64_t chunk_bytes = std::uint64_t{1} << 20;
constexpr std::uint64_t most_ahead = 4 * chunk_bytes; ///< sent, and not written there yet

} // namespace

void hired_node::begin(std::chrono::milliseconds patience) {
  const auto self = std::static_pointer_cast<hired_node>(shared_from_this());
  const auto done = [self](dialled result) {
    if (self->owner_.expired())
      return;
    if (result.connection)
      return self->open(std::move(result.connection));
    try {
      std::rethrow_exception(result.failure);
    } catch (const error& e) {
      self->be_cut(e.text());
    }
  };
  dial(here().loop, here().tls, node_.facts.where, {role::node}, done, patience);
}

void hired_node::dismiss() {
  owner_.reset();
  reset("the driver needs it no more");
}

void hired_node::leave(std::shared_ptr<void> until_left) {
  if (!connected())
    return dismiss();
  until_left_ = std::move(until_left);
  finish();
}

void hired_node::gone(const link_end& how) {
  if (std::exchange(until_left_, nullptr))
    return;
  const auto reason = how.reason.empty() ? "it has left" : how.reason;
  how.why == link_end::cause::refused ? give_up(reason) : be_cut(reason);
}

void hired_node::received(message from_node) {
  deliver<introduce, dial_back, executable_wanted, executable_progress, executable_ready, executable_refused,
          worker_started, worker_printed, worker_ended, drain_begun>(from_node, *this);
}

void hired_node::introduced() {
  send(offer_executable{this_executable().id});
}

void hired_node::on(const executable_progress& said) {
  received_ = said.received;
  if (const auto owner = owner_.lock())
    owner->moved();
  send_more();
}

void hired_node::send_more() {
  const auto& [id, all] = this_executable();
  while (sent_ < id.size && sent_ - received_ < most_ahead) {
    const auto piece = all.bytes.subspan(sent_, std::min(chunk_bytes, id.size - sent_));
    send_frame({executable_chunk, {}, {all.owner, piece}});
    sent_ += piece.size();
  }
}

void hired_node::on(const executable_ready&) {
  if (const auto owner = owner_.lock())
    owner->has_executable(*this);
}

void hired_node::on(const worker_started& said) {
  if (const auto owner = owner_.lock())
    owner->started(*this, said.number);
}

void hired_node::on(const worker_printed& said) {
  if (const auto owner = owner_.lock())
    owner->printed(*this, said);
}

void hired_node::on(const worker_ended& said) {
  if (const auto owner = owner_.lock())
    owner->ended(*this, said.number, said.reason);
}

void hired_node::on(const drain_begun&) {
  if (const auto owner = owner_.lock())
    owner->draining(*this);
}

void hired_node::give_up(const std::string& reason) {
  if (const auto owner = end(reason))
    owner->gone(*this, reason);
}

void hired_node::be_cut(const std::string& reason) {
  if (const auto owner = end(reason))
    owner->cut(*this, reason);
}

/// Who is to be told of it.
std::shared_ptr<employer> hired_node::end(const std::string& reason) {
  reset(reason);
  return std::exchange(owner_, {}).lock();
}

} // namespace crema::net
