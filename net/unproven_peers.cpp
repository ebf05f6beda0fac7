#include "net/unproven_peers.hpp"

#include "dataflow/error.hpp"
#include "net/client_hello.hpp"
#include "net/socket_address.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <utility>

namespace crema::net {

namespace {

io_loop::time now() {
  return std::chrono::steady_clock::now();
}

} // namespace

void unproven_peers::add(descriptor socket, std::string from, std::vector<role> expected, on_proven proven) {
  if (unproven_.size() >= options_.most) {
    reset_on_close(socket.get());
    return refuse(from, "there are " + std::to_string(unproven_.size()) + " unproven connections already");
  }
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  send_at_once(socket.get());
  wait_for_hello(socket.get());
  const auto id = ++last_id_;
  const int number = socket.get();
  auto& made =
    unproven_.emplace(id, stranger{std::move(socket), std::move(from), std::move(expected), std::move(proven)})
      .first->second;
  try {
    watch(id, number);
    made.deadline = loop_.call_at(now() + options_.deadline, [self = shared_from_this(), id] {
      self->refuse(id, "it has not proved itself in " + std::to_string(self->options_.deadline.count()) + " ms");
    });
  } catch (const error& e) {
    refuse(id, e.text());
  }
}

void unproven_peers::close() {
  while (!unproven_.empty())
    forget(unproven_.begin()->first);
  log_ = nullptr;
}

void unproven_peers::watch(std::uint64_t id, int socket) {
  unproven_.at(id).watched =
    loop_.watch(socket, EPOLLIN, [self = shared_from_this(), id](std::uint32_t) { self->advance(id); });
}

void unproven_peers::advance(std::uint64_t id) {
  auto& peer = unproven_.at(id);
  try {
    if (!peer.handshake && !begin(id, peer))
      return;
    if (peer.handshake && !step(peer))
      return;
  } catch (const error& e) {
    return refuse(id, e.text());
  }
  loop_.unwatch(std::exchange(peer.watched, 0)); // before the descriptor goes elsewhere
  const auto proven = std::move(peer.proven);
  auto handshake = std::move(peer.handshake);
  forget(id);
  if (!handshake)
    return; // it was routed
  const auto identity = handshake->peer();
  proven(std::move(*handshake).finish(), identity);
}

/// Whether its hello has come: it was routed, or its handshake has begun.
bool unproven_peers::begin(std::uint64_t id, stranger& peer) {
  const int socket = peer.socket.get();
  if (!hello_has_come(socket, options_.route ? hello_part::whole : hello_part::head))
    return false;
  if (options_.route) {
    const auto name = server_name_of_hello(socket);
    loop_.unwatch(std::exchange(peer.watched, 0)); // whoever takes it may close it
    if (!name.empty() && options_.route(name, peer.socket))
      return true;
    watch(id, socket);
  }
  peer.handshake.emplace(tls_.accept(std::move(peer.socket), peer.expected, options_.names));
  return true;
}

/// Whether its handshake is over.
bool unproven_peers::step(stranger& peer) {
  const auto state = peer.handshake->advance();
  if (state != tls_handshake::state::done)
    loop_.rewatch(peer.watched, state == tls_handshake::state::wants_input ? EPOLLIN : EPOLLOUT);
  return state == tls_handshake::state::done;
}

void unproven_peers::log(const std::string& line) {
  if (const auto kept = limit_.add(line, now()); kept && log_)
    log_(*kept);
}

void unproven_peers::refuse(const std::string& from, const std::string& why) {
  log("refused a connection from " + from + ": " + why);
}

void unproven_peers::refuse(std::uint64_t id, const std::string& why) {
  const auto found = unproven_.find(id);
  if (found == unproven_.end())
    return;
  refuse(found->second.from, why);
  forget(id);
}

void unproven_peers::forget(std::uint64_t id) {
  auto gone = unproven_.extract(id);
  loop_.unwatch(gone.mapped().watched);
  loop_.cancel(gone.mapped().deadline);
}

} // namespace crema::net
