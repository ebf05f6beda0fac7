#include "net/packet_socket.hpp"

#include "dataflow/error.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>

namespace crema::net {

namespace {

/// Room for the control message that passes one descriptor, and no more: what else would come the kernel closes.
union one_descriptor {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

/// What `call` returns but for interruptions.
template <class Call>
ssize_t again(Call call) {
  ssize_t n = 0;
  do
    n = call();
  while (n < 0 && errno == EINTR);
  return n;
}

[[noreturn]] void fail_to(const std::string& doing, int code) {
  throw error{errc::unreachable, "cannot " + doing + ": " + std::generic_category().message(code)};
}

} // namespace

std::pair<descriptor, descriptor> packet_sockets() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw error{errc::io_failure, "cannot make a pair of sockets: " + std::generic_category().message(errno)};
  return {descriptor{ends[0]}, descriptor{ends[1]}};
}

void send_packet(const descriptor& to, std::span<const std::byte> bytes, const descriptor* passed) {
  if (bytes.empty() || bytes.size() > max_packet_bytes)
    throw error{errc::invalid_argument, "a packet of " + std::to_string(bytes.size()) + " bytes has not 1 to "
                                          + std::to_string(max_packet_bytes)};
  iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  one_descriptor control{};
  if (passed != nullptr) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    const int number = passed->get();
    std::memcpy(CMSG_DATA(&control.header), &number, sizeof number);
  }
  if (again([&] { return ::sendmsg(to.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT); }) >= 0)
    return;
  if (errno == EAGAIN || errno == EWOULDBLOCK)
    throw error{errc::unreachable, "it does not read what it is sent"};
  fail_to("send to it", errno);
}

std::optional<packet> receive_packet(const descriptor& from) {
  const auto size = again([&] { return ::recv(from.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT); });
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return {};
  if (size <= 0)
    fail_to("receive", size == 0 ? ECONNRESET : errno);
  if (static_cast<std::size_t>(size) > max_packet_bytes)
    throw error{errc::corrupt_data, "a packet of " + std::to_string(size) + " bytes"};
  packet got{std::vector<std::byte>(static_cast<std::size_t>(size)), {}};
  iovec piece{got.bytes.data(), got.bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  one_descriptor control{};
  message.msg_control = control.bytes;
  message.msg_controllen = CMSG_LEN(sizeof(int));
  if (again([&] { return ::recvmsg(from.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT); }) != size)
    fail_to("receive", errno);
  if (message.msg_controllen != 0 && control.header.cmsg_type == SCM_RIGHTS) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(&control.header), sizeof number);
    got.passed = descriptor{number};
  }
  return got;
}

} // namespace crema::net
