#include "net/cluster/hired_node.hpp"

#include "dataflow/error.hpp"

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
  offer_next();
}

void hired_node::bring(std::shared_ptr<const cargo> file) {
  files_.push_back(std::move(file));
  if (peer())
    offer_next();
}

const cargo& hired_node::current() const {
  return there_ == 0 ? this_executable() : *files_[there_ - 1];
}

/// One after the other: until one is there, the next waits.
void hired_node::offer_next() {
  if (offered_ || there_ > files_.size())
    return;
  offered_ = true;
  sent_ = received_ = 0;
  if (there_ == 0)
    send(offer_executable{current().id});
  else
    send(offer_file{current().name, current().id});
}

void hired_node::on(const executable_progress& said) {
  received_ = said.received;
  if (const auto owner = owner_.lock())
    owner->moved();
  send_more();
}

void hired_node::send_more() {
  const auto& [id, all, name] = current();
  while (sent_ < id.size && sent_ - received_ < most_ahead) {
    const auto piece = all.bytes.subspan(sent_, std::min(chunk_bytes, id.size - sent_));
    send_frame({executable_chunk, {}, {all.owner, piece}});
    sent_ += piece.size();
  }
}

void hired_node::on(const executable_ready&) {
  const auto arrived = there_ > first_ ? files_[there_ - 1] : nullptr;
  ++there_;
  offered_ = false;
  if (const auto owner = owner_.lock()) {
    if (arrived)
      owner->brought(*this, *arrived, {});
    else if (there_ == first_ + 1)
      owner->has_executable(*this);
  }
  offer_next();
}

void hired_node::on(const executable_refused& said) {
  if (there_ <= first_)
    return give_up(said.reason);
  const auto refused = files_[there_ - 1];
  files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(there_ - 1));
  offered_ = false;
  if (const auto owner = owner_.lock())
    owner->brought(*this, *refused, said.reason);
  offer_next();
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
