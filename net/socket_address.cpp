#include "net/socket_address.hpp"

#include "dataflow/error.hpp"
#include "dataflow/no_signals.hpp"

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <system_error>
#include <thread>
#include <utility>

namespace crema::net {

namespace {

constexpr int backlog = 256;

[[noreturn]] void fail(const std::string& doing, const address& where, const std::string& why) {
  throw error{errc::unreachable, "cannot " + doing + ' ' + to_string(where) + ": " + why};
}

std::string system_reason(int code) {
  return std::generic_category().message(code);
}

void set_port(socket_address& where, std::uint16_t port) {
  if (where.storage.ss_family == AF_INET6)
    reinterpret_cast<sockaddr_in6*>(&where.storage)->sin6_port = htons(port);
  else
    reinterpret_cast<sockaddr_in*>(&where.storage)->sin_port = htons(port);
}

std::vector<socket_address> places_of(const addrinfo* list, std::uint16_t port) {
  std::vector<socket_address> found;
  for (; list != nullptr; list = list->ai_next) {
    socket_address next;
    std::memcpy(&next.storage, list->ai_addr, list->ai_addrlen);
    next.length = list->ai_addrlen;
    set_port(next, port);
    found.push_back(next);
  }
  return found;
}

descriptor open_socket(const socket_address& where) {
  return descriptor{::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

} // namespace

// -- name_lookup ----------------------------------------------------------------------------------------------------

/// Shared with the thread that searches, which may outlive whoever asked.
struct name_lookup::search {
  std::mutex mutex;
  std::condition_variable ended;
  std::optional<int> result; ///< getaddrinfo's
  addrinfo* list = nullptr;

  search() = default;
  search(const search&) = delete;
  search& operator=(const search&) = delete;
  ~search() {
    if (list != nullptr)
      ::freeaddrinfo(list);
  }

  /// Blocks for as long as it takes.
  void run(const std::string& host, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    const int problem = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    std::lock_guard lock{mutex};
    list = found;
    result = problem;
    ended.notify_all();
  }
};

name_lookup::name_lookup(const address& where) : where_{where}, search_{std::make_shared<search>()} {
  search_->run(where.host, AI_NUMERICHOST);
  if (search_->result == 0)
    return;
  search_->result.reset();
  const internal::no_signals guard;
  std::thread{[search = search_, host = where.host] { search->run(host, 0); }}.detach();
}

std::optional<std::vector<socket_address>> name_lookup::found() {
  std::lock_guard lock{search_->mutex};
  if (!search_->result)
    return {};
  if (*search_->result != 0)
    fail("find", where_, ::gai_strerror(*search_->result));
  return places_of(search_->list, where_.port);
}

void name_lookup::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock{search_->mutex};
  search_->ended.wait_for(lock, patience, [this] { return search_->result.has_value(); });
}

std::vector<socket_address> look_up(const address& where, std::chrono::milliseconds patience) {
  name_lookup search{where};
  search.wait(patience);
  if (auto found = search.found())
    return *std::move(found);
  fail("find", where, "no answer from the name service in " + std::to_string(patience.count()) + " ms");
}

// -- sockets --------------------------------------------------------------------------------------------------------

address to_address(const socket_address& where) {
  char host[NI_MAXHOST] = "?";
  char port[NI_MAXSERV] = "0";
  ::getnameinfo(where.get(), where.length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  return {host, static_cast<std::uint16_t>(std::stoi(port))};
}

std::string to_string(const socket_address& where) {
  return to_string(to_address(where));
}

listening_socket listen_at(const address& where) {
  const auto places = look_up(where, std::chrono::seconds{5});
  auto socket = open_socket(places.front());
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!socket || ::bind(socket.get(), places.front().get(), places.front().length) != 0
      || ::listen(socket.get(), backlog) != 0)
    fail("listen at", where, system_reason(errno));
  socket_address got;
  got.length = sizeof got.storage;
  ::getsockname(socket.get(), got.get(), &got.length);
  return {std::move(socket), to_address(got)};
}

descriptor begin_connect(const socket_address& to) {
  auto socket = open_socket(to);
  if (!socket || (::connect(socket.get(), to.get(), to.length) != 0 && errno != EINPROGRESS))
    throw error{errc::unreachable, "cannot reach " + to_string(to) + ": " + system_reason(errno)};
  send_at_once(socket.get());
  return socket;
}

int connect_result(int socket) noexcept {
  int result = 0;
  socklen_t length = sizeof result;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &result, &length) == 0 ? result : errno;
}

void send_at_once(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

} // namespace crema::net
