#include "tests/proc_cluster/link_proxy.hpp"

#include "net/client_hello.hpp"
#include "net/io_loop.hpp"
#include "net/socket_address.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <future>
#include <optional>
#include <poll.h>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace crema::testing {

namespace {

using net::io_loop;

constexpr std::size_t most_waiting = std::size_t{256} << 10;

void reset_on_close(int socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

struct piece {
  io_loop::time due;
  std::string bytes;
};

/// One direction of a connection.
struct pipe {
  int from = -1;
  int to = -1;
  std::deque<piece> waiting{};
  std::size_t held = 0;
  io_loop::time last_due{};
  bool ended = false; ///< nothing more comes
  bool closed = false;
  bool blocked = false;
  std::optional<std::uint64_t> left{}; ///< bytes until it is cut

  bool wants_input() const { return !ended && held < most_waiting; }
};

} // namespace

/// On the loop's thread, but for what is said to wait for it.
class link_proxy::relay : public std::enable_shared_from_this<relay> {
public:
  relay(std::function<net::address()> target, std::uint64_t seed) : target_{std::move(target)}, random_{seed} {}

  void begin() {
    door_ = net::listen_at({"127.0.0.1", 0});
    loop_.run([this] { loop_.watch(door_.socket.get(), EPOLLIN, [this](std::uint32_t) { accept(); }); });
  }

  const net::address& where() const noexcept { return door_.where; }

  /// Waits until the loop has done it.
  template <class Work>
  auto on_loop(Work work) {
    std::packaged_task<decltype(work())()> task{std::move(work)};
    loop_.run([&] { task(); });
    return task.get_future().get();
  }

  struct connection {
    net::descriptor caller;
    net::descriptor port;
    io_loop::id caller_watched = 0;
    io_loop::id port_watched = 0;
    bool connected = false;
    bool known = false;      ///< for whom it is
    bool for_worker = false; ///< if it is known
    pipe there{};            ///< to the port
    pipe back{};
  };
  using held = std::shared_ptr<connection>;

  void accept();
  void classify(connection& c);
  void serve(const held& c);
  void read(pipe& p);
  void write(const held& c, pipe& p);
  void watch(const held& c);
  void rest(const held& c);
  void end(const held& c, bool with_reset);

  std::size_t for_each(traffic which, const std::function<void(const held&)>& work) {
    std::size_t n = 0;
    for (const auto& c : std::set{open_})
      if (which == traffic::all || (c->known && c->for_worker == (which == traffic::workers))) {
        work(c);
        ++n;
      }
    return n;
  }

  const std::function<net::address()> target_;
  std::mt19937_64 random_;
  net::listening_socket door_;
  std::set<held> open_;
  link_weather weather_{};
  std::promise<void> came_; ///< somebody
  bool has_come_ = false;
  bool frozen_ = false;
  bool refusing_ = false;
  std::optional<std::uint64_t> cut_next_;
  io_loop loop_; // the first to go
};

void link_proxy::relay::accept() {
  net::descriptor caller{::accept4(door_.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!caller)
    return;
  if (!std::exchange(has_come_, true))
    came_.set_value();
  if (refusing_) {
    reset_on_close(caller.get());
    return;
  }
  const auto c = std::make_shared<connection>();
  c->caller = std::move(caller);
  c->port = net::begin_connect(net::look_up(target_(), std::chrono::seconds{1}).front());
  net::send_at_once(c->caller.get());
  net::send_at_once(c->port.get());
  c->there = {.from = c->caller.get(), .to = c->port.get()};
  c->back = {.from = c->port.get(), .to = c->caller.get(), .left = std::exchange(cut_next_, {})};
  open_.insert(c);
  if (!frozen_)
    watch(c);
}

/// TLS's server name says whether it is for a worker.
void link_proxy::relay::classify(connection& c) {
  try {
    if (!net::hello_has_come(c.caller.get(), net::hello_part::whole))
      return;
    c.for_worker = !net::server_name_of_hello(c.caller.get()).empty();
  } catch (const std::exception&) {
    c.for_worker = false; // no hello at all
  }
  c.known = true;
}

void link_proxy::relay::serve(const held& c) {
  if (frozen_)
    return rest(c);
  if (!c->connected) {
    pollfd ready{c->port.get(), POLLOUT, 0};
    if (::poll(&ready, 1, 0) == 1) {
      if (net::connect_result(c->port.get()) != 0)
        return end(c, true);
      c->connected = true;
    }
  }
  if (!c->known)
    classify(*c);
  try {
    if (c->known && c->there.wants_input())
      read(c->there);
    if (c->connected && c->back.wants_input())
      read(c->back);
  } catch (const std::exception&) {
    return end(c, true);
  }
  write(c, c->there);
  if (open_.contains(c))
    write(c, c->back);
  if (open_.contains(c) && c->there.closed && c->back.closed)
    return end(c, false);
  if (open_.contains(c))
    watch(c);
}

void link_proxy::relay::read(pipe& p) {
  std::string bytes(std::size_t{16} << 10, '\0');
  const auto n = ::recv(p.from, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n < 0)
    throw std::runtime_error{"reset"};
  if (n == 0) {
    p.ended = true;
    return;
  }
  bytes.resize(static_cast<std::size_t>(n));
  const auto happens = [this](double chance) {
    return chance > 0 && std::uniform_real_distribution<double>{}(random_) < chance;
  };
  if (happens(weather_.truncated))
    bytes.resize(random_() % bytes.size());
  if (happens(weather_.corrupted) && !bytes.empty())
    bytes[random_() % bytes.size()] ^= static_cast<char>(1 << random_() % 8);
  if (happens(weather_.duplicated))
    bytes += bytes;
  auto delay = weather_.delay;
  if (weather_.jitter.count() > 0)
    delay += std::chrono::milliseconds{random_() % static_cast<std::uint64_t>(weather_.jitter.count())};
  p.last_due = std::max(p.last_due, loop_.now() + delay);
  p.held += bytes.size();
  p.waiting.push_back({p.last_due, std::move(bytes)});
}

void link_proxy::relay::write(const held& c, pipe& p) {
  p.blocked = false;
  if (!c->connected)
    return;
  while (!p.waiting.empty()) {
    auto& [due, bytes] = p.waiting.front();
    if (due > loop_.now()) {
      loop_.call_at(due, [this, weak = std::weak_ptr{c}] {
        if (const auto still = weak.lock(); still && open_.contains(still))
          serve(still);
      });
      return;
    }
    const auto most = p.left ? std::min<std::uint64_t>(*p.left, bytes.size()) : bytes.size();
    const auto n = ::send(p.to, bytes.data(), most, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) {
      p.blocked = true;
      return;
    }
    if (n < 0)
      return end(c, true);
    if (p.left && (*p.left -= static_cast<std::uint64_t>(n)) == 0)
      return end(c, true);
    p.held -= static_cast<std::size_t>(n);
    bytes.erase(0, static_cast<std::size_t>(n));
    if (!bytes.empty())
      continue;
    p.waiting.pop_front();
  }
  if (p.ended && !std::exchange(p.closed, true))
    ::shutdown(p.to, SHUT_WR);
}

void link_proxy::relay::watch(const held& c) {
  if (c->caller_watched == 0) {
    const auto served = [this, weak = std::weak_ptr{c}](std::uint32_t) {
      if (const auto still = weak.lock(); still && open_.contains(still))
        serve(still);
    };
    c->caller_watched = loop_.watch(c->caller.get(), 0, served);
    c->port_watched = loop_.watch(c->port.get(), 0, served);
  }
  const auto events = [](bool input, bool output) { return (input ? EPOLLIN : 0U) | (output ? EPOLLOUT : 0U); };
  loop_.rewatch(c->caller_watched, events(c->there.wants_input(), c->back.blocked));
  loop_.rewatch(c->port_watched, events(c->connected && c->back.wants_input(), !c->connected || c->there.blocked));
}

/// Hears nothing of it, not even of its end.
void link_proxy::relay::rest(const held& c) {
  loop_.unwatch(std::exchange(c->caller_watched, 0));
  loop_.unwatch(std::exchange(c->port_watched, 0));
}

void link_proxy::relay::end(const held& c, bool with_reset) {
  loop_.unwatch(c->caller_watched);
  loop_.unwatch(c->port_watched);
  if (with_reset) {
    reset_on_close(c->caller.get());
    reset_on_close(c->port.get());
  }
  c->caller.close();
  c->port.close();
  open_.erase(c);
}

// -------------------------------------------------------------------------------------------------------------------

link_proxy::link_proxy(std::function<net::address()> target, std::uint64_t seed)
    : relay_{std::make_shared<relay>(std::move(target), seed)} {
  relay_->begin();
}

link_proxy::~link_proxy() {
  reset();
}

const net::address& link_proxy::where() const noexcept {
  return relay_->where();
}

std::size_t link_proxy::reset(traffic which) {
  return relay_->on_loop([&] { return relay_->for_each(which, [&](const auto& c) { relay_->end(c, true); }); });
}

std::size_t link_proxy::half_close(traffic which) {
  return relay_->on_loop([&] {
    return relay_->for_each(which, [&](const auto& c) {
      c->there.ended = true;
      relay_->serve(c);
    });
  });
}

void link_proxy::freeze() {
  relay_->on_loop([&] {
    relay_->frozen_ = true;
    relay_->for_each(traffic::all, [&](const auto& c) { relay_->rest(c); });
  });
}

void link_proxy::thaw() {
  relay_->on_loop([&] {
    relay_->frozen_ = false;
    relay_->for_each(traffic::all, [&](const auto& c) { relay_->serve(c); });
  });
}

void link_proxy::change(const link_weather& weather) {
  relay_->on_loop([&] { relay_->weather_ = weather; });
}

void link_proxy::cut_open_after(std::uint64_t bytes) {
  relay_->on_loop([&] { relay_->for_each(traffic::all, [&](const auto& c) { c->back.left = bytes; }); });
}

void link_proxy::cut_next_after(std::uint64_t bytes) {
  relay_->on_loop([&] { relay_->cut_next_ = bytes; });
}

void link_proxy::await_connection() const {
  relay_->came_.get_future().wait_for(std::chrono::minutes{1});
}

void link_proxy::refuse(bool all) {
  relay_->on_loop([&] { relay_->refusing_ = all; });
}

} // namespace crema::testing
