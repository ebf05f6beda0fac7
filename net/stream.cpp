#include "net/stream.hpp"

#include "dataflow/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <system_error>

namespace crema::net {

namespace {

[[noreturn]] void fail(int code) {
  throw error{errc::unreachable, "the connection broke: " + std::generic_category().message(code)};
}

class socket_stream final : public stream {
public:
  explicit socket_stream(descriptor socket) : socket_{std::move(socket)} {
    ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
  }

  int native_handle() const noexcept override { return socket_.get(); }

  result read(std::span<std::byte> into) override {
    const auto n = again([&] { return ::recv(socket_.get(), into.data(), into.size(), 0); });
    return {.bytes = static_cast<std::size_t>(n < 0 ? 0 : n), .blocked = n < 0, .ended = n == 0};
  }

  result write(std::span<const iovec> pieces) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    const auto n = again([&] { return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL); });
    return {.bytes = static_cast<std::size_t>(n < 0 ? 0 : n), .blocked = n < 0};
  }

  void finish() noexcept override { ::shutdown(socket_.get(), SHUT_WR); }

  void abort() noexcept override { reset_on_close(socket_.get()); }

private:
  /// What `call` returns but for interruptions; negative only where it would block.
  template <class Call>
  static ssize_t again(Call call) {
    for (;;) {
      const auto n = call();
      if (n >= 0 || errno == EAGAIN || errno == EWOULDBLOCK)
        return n;
      if (errno != EINTR)
        fail(errno);
    }
  }

  descriptor socket_;
};

} // namespace

void reset_on_close(int socket) noexcept {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::unique_ptr<stream> make_socket_stream(descriptor socket) {
  return std::make_unique<socket_stream>(std::move(socket));
}

std::pair<descriptor, descriptor> connected_sockets() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw error{errc::io_failure, "cannot make a pair of sockets: " + std::generic_category().message(errno)};
  return {descriptor{ends[0]}, descriptor{ends[1]}};
}

} // namespace crema::net
