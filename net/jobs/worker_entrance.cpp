#include "net/jobs/worker_entrance.hpp"

#include "dataflow/error.hpp"
#include "net/dial.hpp"
#include "net/growing_pause.hpp"
#include "net/unproven_peers.hpp"

#include <chrono>
#include <cstdio>
#include <future>
#include <optional>
#include <random>
#include <string>
#include <sys/epoll.h>
#include <utility>
#include <vector>

namespace crema::net {

namespace {

using namespace std::chrono_literals;

// A peer that starts at the same time may be overrun by all that dial it.
constexpr auto dialling_patience = 10s;
constexpr int packets_at_once = 16;

void log(const std::string& line) {
  std::fprintf(stderr, "crema: %s\n", line.c_str());
}

std::string name_of(int number) {
  return number == from_driver ? "the driver" : "worker " + std::to_string(number);
}

} // namespace

/// All of it, on the loop's thread.
class worker_entrance::doorman : public std::enable_shared_from_this<doorman> {
public:
  doorman(io_loop& loop, worker& into, descriptor control, std::string place)
      : loop_{loop}, into_{into}, control_{std::move(control)}, place_{std::move(place)} {}

  void open(std::optional<credentials> keys, const std::vector<worker_peer>& peers) {
    watched_ = loop_.watch(control_.get(), EPOLLIN, [self = shared_from_this()](std::uint32_t) { self->read(); });
    if (!keys)
      return;
    tls_.emplace(*std::move(keys));
    unproven_ = std::make_shared<unproven_peers>(loop_, *tls_, unproven_options{.names = server_names::any}, &log);
    for (const auto& each : peers)
      call(each, growing_pause{}, loop_.now() + dialling_patience);
  }

  void close() {
    closed_ = true;
    loop_.unwatch(std::exchange(watched_, 0));
    if (unproven_)
      unproven_->close();
  }

private:
  void read();
  void take(passed_connection passed);
  void admit(int from, std::unique_ptr<stream> connection);
  void call(const worker_peer& peer, growing_pause pause, io_loop::time end);
  void call_again(const worker_peer& peer, growing_pause pause, io_loop::time end, const error& why);

  io_loop& loop_;
  worker& into_; ///< not to be touched once this is closed
  const descriptor control_;
  const std::string place_;
  std::optional<tls_context> tls_;
  std::shared_ptr<unproven_peers> unproven_;
  std::minstd_rand random_{std::random_device{}()};
  io_loop::id watched_ = 0;
  bool closed_ = false;
};

void worker_entrance::doorman::read() try {
  for (int i = 0; i != packets_at_once; ++i) {
    auto received = receive_packet(control_);
    if (!received)
      return;
    auto said = read_control(*std::move(received));
    if (auto* passed = std::get_if<passed_connection>(&said))
      take(std::move(*passed));
    else
      throw error{errc::corrupt_data, "a second setup"};
  }
} catch (const error& e) {
  if (e.code() != errc::unreachable) // the end is no news: the guardian sees it, too
    log("this worker is told what makes no sense: " + e.text());
  close();
  into_.leave();
}

void worker_entrance::doorman::take(passed_connection passed) {
  const int from = passed.from;
  if (!passed.secured)
    return admit(from, make_socket_stream(std::move(passed.socket)));
  if (!unproven_)
    throw error{errc::corrupt_data, "a secured connection for a worker without keys"};
  unproven_->add(std::move(passed.socket), name_of(from), {from == from_driver ? role::driver : role::node},
                 [self = shared_from_this(), from](std::unique_ptr<stream> connection, const peer_identity&) {
                   self->admit(from, std::move(connection));
                 });
}

void worker_entrance::doorman::admit(int from, std::unique_ptr<stream> connection) {
  from == from_driver ? into_.obey(std::move(connection)) : into_.meet(from, std::move(connection));
}

void worker_entrance::doorman::call(const worker_peer& peer, growing_pause pause, io_loop::time end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - loop_.now());
  dial(
    loop_, *tls_, peer.where, {role::node},
    [self = shared_from_this(), peer, pause, end](dialled result) {
      if (self->closed_)
        return;
      if (result.connection)
        return self->admit(peer.number, std::move(result.connection));
      try {
        std::rethrow_exception(result.failure);
      } catch (const error& e) {
        self->call_again(peer, pause, end, e);
      }
    },
    std::min<std::chrono::milliseconds>(left, 5s), to_server_name({peer.token, into_.number()}));
}

void worker_entrance::doorman::call_again(const worker_peer& peer, growing_pause pause, io_loop::time end,
                                          const error& why) {
  const auto next = loop_.now() + pause.next(static_cast<std::uint32_t>(random_()));
  if (why.code() == errc::unreachable && next < end) {
    loop_.call_at(next, [self = shared_from_this(), peer, pause, end] {
      if (!self->closed_)
        self->call(peer, pause, end);
    });
    return;
  }
  into_.miss(peer.number, name_of(into_.number()) + (place_.empty() ? "" : " at " + place_) + " cannot reach "
                            + name_of(peer.number) + " at " + why.text());
}

worker_entrance::worker_entrance(io_loop& loop, worker& into, descriptor control, worker_setup setup)
    : loop_{loop}, doorman_{std::make_shared<doorman>(loop, into, std::move(control), std::move(setup.place))} {
  std::promise<void> opened;
  loop.run([&] {
    try {
      doorman_->open(std::move(setup.keys), setup.peers);
      opened.set_value();
    } catch (...) {
      opened.set_exception(std::current_exception());
    }
  });
  opened.get_future().get();
}

worker_entrance::~worker_entrance() {
  std::promise<void> closed;
  loop_.run([&] {
    doorman_->close();
    closed.set_value();
  });
  closed.get_future().wait();
}

} // namespace crema::net
