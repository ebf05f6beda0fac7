#include "net/jobs/worker_connection.hpp"

#include "net/jobs/peer_message.hpp"

#include <caf/send.hpp>

namespace crema::net {

void worker_connection::use(std::shared_ptr<link> connected) {
  std::lock_guard lock{mutex_};
  link_ = std::move(connected);
}

void worker_connection::send(outgoing message) {
  std::unique_lock lock{mutex_};
  const auto to = lost_ ? nullptr : link_;
  lock.unlock();
  if (to)
    to->send(std::move(message));
}

bool worker_connection::knows(std::uint64_t variable) const {
  std::lock_guard lock{mutex_};
  return variables_.contains(variable);
}

bool worker_connection::learn(std::uint64_t variable) {
  std::lock_guard lock{mutex_};
  return variables_.insert(variable).second;
}

void worker_connection::forget(std::uint64_t id) {
  {
    std::lock_guard lock{mutex_};
    variables_.erase(id);
  }
  send(to_outgoing(forget_shared{id}));
}

void worker_connection::add(std::uint64_t job, int stage, remote_share_actor share) {
  std::lock_guard lock{mutex_};
  if (lost_)
    caf::anon_send(share, worker_lost{*lost_});
  else
    shares_.insert_or_assign(key{job, stage}, std::move(share));
}

void worker_connection::remove(std::uint64_t job, int stage) {
  std::lock_guard lock{mutex_};
  shares_.erase({job, stage});
}

bool worker_connection::lost() const {
  std::lock_guard lock{mutex_};
  return lost_.has_value();
}

void worker_connection::received(message from_worker) {
  if (from_worker.kind() >= first_peer_kind)
    return told(from_worker);
  internal::byte_reader in{from_worker.payload()};
  const auto job = in.varint();
  const auto stage = read_number<int>(in);
  auto bytes = std::make_shared<message>(std::move(from_worker));
  std::lock_guard lock{mutex_};
  if (const auto at = shares_.find({job, stage}); at != shares_.end())
    caf::anon_send(at->second, share_message_arrived{std::move(bytes)});
}

void worker_connection::ended(const link_end& how) {
  lose(how.reason.empty() ? "it ended" : how.reason);
}

void worker_connection::lose(const std::string& why) {
  std::unique_lock lock{mutex_};
  lost_ = why;
  for (const auto& [about, share] : shares_)
    caf::anon_send(share, worker_lost{why});
  shares_.clear();
  const auto open = std::exchange(link_, nullptr);
  lock.unlock();
  if (open)
    open->reset("the worker is given up: " + why);
}

void worker_connection::reset(const std::string& why) {
  std::unique_lock lock{mutex_};
  const auto open = link_;
  lock.unlock();
  if (open)
    open->reset(why);
}

} // namespace crema::net
