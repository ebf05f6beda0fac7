#include "net/socket_address.hpp"

#include "dataflow/error.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <system_error>
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

/// A lookup that the C library does on a thread of its own: it may outlive whoever asked, so it owns what it uses.
struct lookup {
  std::string host;
  addrinfo hints{};
  gaicb request{};

  lookup(const address& where, int flags) : host{where.host} {
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    request.ar_name = host.c_str();
    request.ar_request = &hints;
  }
  lookup(const lookup&) = delete;
  lookup& operator=(const lookup&) = delete;
  ~lookup() {
    if (request.ar_result != nullptr)
      ::freeaddrinfo(request.ar_result);
  }
};

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

/// Starts `search` and waits; what it came to, EAI_INPROGRESS if nothing so far.
int run(lookup& search, std::chrono::milliseconds patience) {
  gaicb* requests[] = {&search.request};
  if (const int problem = ::getaddrinfo_a(GAI_NOWAIT, requests, 1, nullptr); problem != 0)
    return problem;
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left = end - std::chrono::steady_clock::now();
    const auto result = ::gai_error(&search.request);
    if (result != EAI_INPROGRESS || left.count() <= 0)
      return result;
    const auto nanoseconds = std::chrono::nanoseconds{left}.count();
    const timespec wait{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    ::gai_suspend(requests, 1, &wait);
  }
}

descriptor open_socket(const socket_address& where) {
  return descriptor{::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

} // namespace

std::vector<socket_address> look_up(const address& where, std::chrono::milliseconds patience) {
  lookup number{where, AI_NUMERICHOST};
  if (::getaddrinfo(number.request.ar_name, nullptr, &number.hints, &number.request.ar_result) == 0)
    return places_of(number.request.ar_result, where.port);
  auto search = std::make_unique<lookup>(where, 0);
  const int problem = run(*search, patience);
  if (problem == EAI_INPROGRESS) {
    if (::gai_cancel(&search->request) != EAI_CANCELED)
      (void)search.release(); // its thread still writes there
    fail("find", where, "no answer from the name service in " + std::to_string(patience.count()) + " ms");
  }
  if (problem != 0)
    fail("find", where, ::gai_strerror(problem));
  return places_of(search->request.ar_result, where.port);
}

address to_address(const socket_address& where) {
  char host[NI_MAXHOST] = "?";
  char port[NI_MAXSERV] = "0";
  ::getnameinfo(where.get(), where.length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  return {host, static_cast<std::uint16_t>(std::stoi(port))};
}

std::string to_string(const socket_address& where) {
  return to_string(to_address(where));
}

descriptor listen_at(const address& where, address& bound) {
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
  bound = to_address(got);
  return socket;
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
