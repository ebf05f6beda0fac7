#include "net/listener.hpp"

#include "net/unproven_peers.hpp"

#include <cerrno>
#include <future>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace crema::net {

namespace {

constexpr int accepts_at_once = 16;
constexpr std::chrono::milliseconds accept_pause{100};

} // namespace

/// What stands at the port, on the loop's thread.
class listener::door : public std::enable_shared_from_this<door> {
public:
  door(io_loop& loop, const tls_context& tls, descriptor socket, listener_options options, on_peer welcome, on_log log)
      : loop_{loop},
        socket_{std::move(socket)},
        expected_{std::move(options.expected)},
        welcome_{std::move(welcome)},
        unproven_{std::make_shared<unproven_peers>(loop, tls,
                                                   unproven_options{options.handshake_deadline, options.max_unproven,
                                                                    server_names::none, std::move(options.route)},
                                                   std::move(log))} {}

  void open() {
    watched_ = loop_.watch(socket_.get(), EPOLLIN, [self = shared_from_this()](std::uint32_t) { self->accept(); });
  }

  void close() {
    loop_.unwatch(watched_);
    loop_.cancel(resting_);
    unproven_->close();
    socket_.close();
  }

private:
  void accept();
  void receive(descriptor socket, const std::string& from);
  void take_a_rest();

  io_loop& loop_;
  descriptor socket_;
  const std::vector<role> expected_;
  const on_peer welcome_;
  const std::shared_ptr<unproven_peers> unproven_;
  io_loop::id watched_ = 0;
  io_loop::id resting_ = 0;
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

void listener::door::receive(descriptor socket, const std::string& from) {
  unproven_->add(std::move(socket), from, expected_,
                 [self = shared_from_this(), from](std::unique_ptr<stream> connection, peer_identity peer) {
                   self->welcome_({std::move(connection), peer, from});
                 });
}

/// Without descriptors the next connection stays in the queue, and would wake the loop for ever.
void listener::door::take_a_rest() {
  unproven_->log("cannot accept connections: " + std::generic_category().message(errno));
  loop_.unwatch(watched_);
  resting_ = loop_.call_at(loop_.now() + accept_pause, [self = shared_from_this()] { self->open(); });
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
