#include "net/dial.hpp"

#include "dataflow/error.hpp"
#include "net/socket_address.hpp"

#include <future>
#include <optional>
#include <sys/epoll.h>
#include <system_error>
#include <utility>

namespace crema::net {

namespace {

/// One call: on the loop's thread, alive while something is watched for it.
class attempt : public std::enable_shared_from_this<attempt> {
public:
  attempt(io_loop& loop, const tls_context& tls, address where, std::vector<role> expected, std::string server_name,
          on_dialled done)
      : loop_{loop},
        tls_{tls},
        where_{std::move(where)},
        expected_{std::move(expected)},
        server_name_{std::move(server_name)},
        done_{std::move(done)} {}

  void start(io_loop::time end) {
    deadline_ = loop_.call_at(end, [self = shared_from_this()] {
      self->fail({errc::unreachable, self->handshake_        ? "it does not answer as crema does"
                                     : self->places_.empty() ? "no answer from the name service"
                                                             : "no answer"});
    });
    look_up();
  }

private:
  void look_up() {
    try {
      if (auto found = lookup_.found()) {
        places_ = *std::move(found);
        return try_next();
      }
      looking_ = loop_.call_at(std::chrono::steady_clock::now() + std::chrono::milliseconds{10},
                               [self = shared_from_this()] { self->look_up(); });
    } catch (const error& e) {
      fail(e);
    }
  }

  void try_next() {
    try {
      socket_ = begin_connect(places_[next_++]);
      watch(EPOLLOUT);
    } catch (const error& e) {
      give_up_place(e);
    }
  }

  void watch(std::uint32_t events) {
    const int fd = handshake_ ? handshake_->native_handle() : socket_.get();
    loop_.unwatch(std::exchange(watched_, 0));
    watched_ = loop_.watch(fd, events, [self = shared_from_this()](std::uint32_t) { self->go_on(); });
  }

  void go_on() {
    try {
      if (!handshake_)
        connected();
      const auto state = handshake_->advance();
      if (state == tls_handshake::state::done)
        return succeed();
      loop_.rewatch(watched_, state == tls_handshake::state::wants_input ? EPOLLIN : EPOLLOUT);
    } catch (const error& e) {
      give_up_place(e);
    }
  }

  void connected() {
    if (const int problem = connect_result(socket_.get()); problem != 0)
      throw error{errc::unreachable, std::generic_category().message(problem)};
    handshake_.emplace(tls_.connect(std::move(socket_), expected_, server_name_));
  }

  void give_up_place(const error& why) {
    loop_.unwatch(std::exchange(watched_, 0));
    handshake_.reset();
    socket_.close();
    if (next_ == places_.size() || why.code() == errc::untrusted)
      return fail(why);
    try_next();
  }

  void succeed() {
    loop_.unwatch(std::exchange(watched_, 0));
    loop_.cancel(deadline_);
    const auto peer = handshake_->peer();
    done_({std::move(*handshake_).finish(), peer, nullptr});
  }

  void fail(const error& why) {
    loop_.cancel(looking_);
    loop_.unwatch(std::exchange(watched_, 0));
    loop_.cancel(deadline_);
    done_({nullptr, {}, std::make_exception_ptr(error{why.code(), to_string(where_) + ": " + why.text()})});
  }

  io_loop& loop_;
  const tls_context tls_;
  const address where_;
  name_lookup lookup_{where_};
  std::vector<socket_address> places_;
  std::size_t next_ = 0;
  const std::vector<role> expected_;
  const std::string server_name_;
  on_dialled done_;
  descriptor socket_; // until it is connected
  std::optional<tls_handshake> handshake_;
  io_loop::id looking_ = 0;
  io_loop::id watched_ = 0;
  io_loop::id deadline_ = 0;
};

} // namespace

void dial(io_loop& loop, const tls_context& tls, const address& where, std::vector<role> expected, on_dialled done,
          std::chrono::milliseconds patience, std::string server_name) {
  const auto end = std::chrono::steady_clock::now() + patience;
  const auto made =
    std::make_shared<attempt>(loop, tls, where, std::move(expected), std::move(server_name), std::move(done));
  loop.run([made, end] { made->start(end); });
}

dialled dial(io_loop& loop, const tls_context& tls, const address& where, std::vector<role> expected,
             std::chrono::milliseconds patience, std::string server_name) {
  std::promise<dialled> promise;
  dial(
    loop, tls, where, std::move(expected), [&](dialled result) { promise.set_value(std::move(result)); }, patience,
    std::move(server_name));
  auto result = promise.get_future().get();
  if (result.failure)
    std::rethrow_exception(result.failure);
  return result;
}

} // namespace crema::net
