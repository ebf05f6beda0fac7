#include "net/listener.hpp"

#include "dataflow/error.hpp"
#include "net/limited_log.hpp"

#include <cerrno>
#include <future>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace crema::net {

namespace {

constexpr int accepts_at_once = 16;
constexpr std::chrono::milliseconds rest{100};

io_loop::time now() {
  return std::chrono::steady_clock::now();
}

} // namespace

/// What stands at the port, on the loop's thread.
class listener::door : public std::enable_shared_from_this<door> {
public:
  door(io_loop& loop, const tls_context& tls, descriptor socket, listener_options options, on_peer welcome, on_log log)
      : loop_{loop},
        tls_{tls},
        socket_{std::move(socket)},
        options_{std::move(options)},
        welcome_{std::move(welcome)},
        log_{std::move(log)} {}

  void open() {
    watched_ = loop_.watch(socket_.get(), EPOLLIN, [self = shared_from_this()](std::uint32_t) { self->accept(); });
  }

  void close() {
    loop_.unwatch(watched_);
    loop_.cancel(resting_);
    while (!unproven_.empty())
      forget(unproven_.begin()->first);
    socket_.close();
  }

private:
  struct stranger {
    tls_handshake handshake;
    std::string from;
    io_loop::id watched = 0;
    io_loop::id deadline = 0;
  };

  void accept();
  void receive(descriptor socket, std::string from);
  void advance(std::uint64_t id);
  void log(const std::string& line);
  void refuse(const std::string& from, const std::string& why);
  void refuse(std::uint64_t id, const std::string& why);
  void forget(std::uint64_t id);
  void take_a_rest();

  io_loop& loop_;
  const tls_context tls_;
  descriptor socket_;
  listener_options options_;
  on_peer welcome_;
  on_log log_;
  limited_log limit_;
  io_loop::id watched_ = 0;
  io_loop::id resting_ = 0;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, stranger> unproven_;
};

void listener::door::accept() {
  for (int i = 0; i != accepts_at_once; ++i) {
    socket_address from;
    from.length = sizeof from.storage;
    descriptor socket{::accept4(socket_.get(), from.get(), &from.length, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (socket)
      receive(std::move(socket), to_string(from));
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
      return take_a_rest();
    else if (errno == EAGAIN || errno == EWOULDBLOCK)
      return;
    // else this one went away before it was accepted
  }
}

void listener::door::receive(descriptor socket, std::string from) {
  if (unproven_.size() >= options_.max_unproven) {
    reset_on_close(socket.get());
    return refuse(from, "there are " + std::to_string(unproven_.size()) + " unproven connections already");
  }
  send_at_once(socket.get());
  const auto id = ++last_id_;
  try {
    auto& made =
      unproven_.emplace(id, stranger{tls_.accept(std::move(socket), options_.expected), std::move(from)}).first->second;
    const auto self = shared_from_this();
    made.watched =
      loop_.watch(made.handshake.native_handle(), EPOLLIN, [self, id](std::uint32_t) { self->advance(id); });
    made.deadline = loop_.call_at(now() + options_.handshake_deadline, [self, id] {
      self->refuse(id,
                   "it has not proved itself in " + std::to_string(self->options_.handshake_deadline.count()) + " ms");
    });
  } catch (const error& e) {
    refuse(id, e.text());
  }
}

void listener::door::advance(std::uint64_t id) {
  auto& peer = unproven_.at(id);
  try {
    const auto state = peer.handshake.advance();
    if (state != tls_handshake::state::done)
      return loop_.rewatch(peer.watched, state == tls_handshake::state::wants_input ? EPOLLIN : EPOLLOUT);
  } catch (const error& e) {
    return refuse(id, e.text());
  }
  const auto identity = peer.handshake.peer();
  auto from = std::move(peer.from);
  loop_.unwatch(peer.watched); // before the descriptor goes elsewhere
  auto connection = std::move(peer.handshake).finish();
  forget(id);
  welcome_({std::move(connection), identity, std::move(from)});
}

void listener::door::log(const std::string& line) {
  if (const auto kept = limit_.add(line, now()); kept && log_)
    log_(*kept);
}

void listener::door::refuse(const std::string& from, const std::string& why) {
  log("refused a connection from " + from + ": " + why);
}

void listener::door::refuse(std::uint64_t id, const std::string& why) {
  const auto found = unproven_.find(id);
  if (found == unproven_.end())
    return;
  refuse(found->second.from, why);
  forget(id);
}

void listener::door::forget(std::uint64_t id) {
  auto gone = unproven_.extract(id);
  loop_.unwatch(gone.mapped().watched);
  loop_.cancel(gone.mapped().deadline);
}

/// Without descriptors the next connection stays in the queue, and would wake the loop for ever.
void listener::door::take_a_rest() {
  log("cannot accept connections: " + std::generic_category().message(errno));
  loop_.unwatch(watched_);
  resting_ = loop_.call_at(now() + rest, [self = shared_from_this()] { self->open(); });
}

listener::listener(io_loop& loop, const tls_context& tls, listening_socket port, listener_options options,
                   on_peer welcome, on_log log)
    : loop_{loop},
      where_{std::move(port.where)},
      door_{std::make_shared<door>(loop, tls, std::move(port.socket), std::move(options), std::move(welcome),
                                   std::move(log))} {
  loop.run([door = door_] { door->open(); });
}

listener::~listener() {
  std::promise<void> closed;
  loop_.run([&] {
    door_->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

} // namespace crema::net
