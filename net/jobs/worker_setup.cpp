#include "net/jobs/worker_setup.hpp"

#include "dataflow/block/byte_stream.hpp"
#include "dataflow/block/codec.hpp"
#include "dataflow/error.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>

namespace crema::net {

namespace {

constexpr std::uint32_t setup_mark = 0x7077'7263; // "crwp"
constexpr std::size_t most_bytes = std::size_t{64} << 10;
constexpr int patience_ms = 60'000;

[[noreturn]] void fail(const char* what, int code) {
  throw error{errc::unreachable,
              std::string{"cannot "} + what + " a worker's setup: " + std::generic_category().message(code)};
}

void wait_for(const descriptor& socket, short what) {
  pollfd ready{socket.get(), what, 0};
  int n = 0;
  do
    n = ::poll(&ready, 1, patience_ms);
  while (n < 0 && errno == EINTR);
  if (n <= 0)
    fail("wait for", n == 0 ? ETIMEDOUT : errno);
}

/// Room for the control message that passes one descriptor.
union passed_descriptor {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

/// All of `bytes`, and `passed` with the first of them, if there is one.
void send_all(const descriptor& to, std::span<const std::byte> bytes, const descriptor* passed) {
  while (!bytes.empty()) {
    iovec piece{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    passed_descriptor control{};
    if (passed != nullptr) {
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof control.bytes;
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN(sizeof(int));
      const int number = passed->get();
      std::memcpy(CMSG_DATA(&control.header), &number, sizeof number);
    }
    const auto n = ::sendmsg(to.get(), &message, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR && errno != EAGAIN)
      fail("send", errno);
    if (n < 0 && errno == EAGAIN)
      wait_for(to, POLLOUT);
    if (n > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(n));
      passed = nullptr;
    }
  }
}

/// Fills `bytes`; takes the descriptor that comes with them, if one does.
descriptor receive_all(const descriptor& from, std::span<std::byte> bytes) {
  descriptor passed;
  while (!bytes.empty()) {
    wait_for(from, POLLIN);
    iovec piece{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    passed_descriptor control{};
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    const auto n = ::recvmsg(from.get(), &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n <= 0)
      fail("receive", n == 0 ? ECONNRESET : errno);
    if (message.msg_controllen != 0 && control.header.cmsg_type == SCM_RIGHTS) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(&control.header), sizeof number);
      passed = descriptor{number};
    }
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return passed;
}

std::uint32_t receive_number(const descriptor& from, descriptor* passed = nullptr) {
  std::uint32_t number = 0;
  auto with_it = receive_all(from, std::as_writable_bytes(std::span{&number, 1}));
  if (passed != nullptr)
    *passed = std::move(with_it);
  return number;
}

void demand(bool promise) {
  if (!promise)
    throw error{errc::corrupt_data, "what came is not a worker's setup"};
}

} // namespace

void send_setup(const descriptor& to, const worker_options& options, int peers) {
  internal::byte_writer out;
  for (const int number : {options.number, options.slots, peers})
    internal::codec<int>::encode(number, out);
  internal::codec<std::uint64_t>::encode(options.memory_limit, out);
  internal::codec<std::string>::encode(options.spill_directory, out);
  const std::uint32_t head[] = {setup_mark, static_cast<std::uint32_t>(out.size())};
  send_all(to, std::as_bytes(std::span{head}), nullptr);
  send_all(to, out.bytes(), nullptr);
}

void send_peer(const descriptor& to, int number, const descriptor& connection) {
  const auto named = static_cast<std::uint32_t>(number);
  send_all(to, std::as_bytes(std::span{&named, 1}), &connection);
}

std::pair<worker_options, peer_sockets> receive_setup(const descriptor& from) {
  demand(receive_number(from) == setup_mark);
  const auto size = receive_number(from);
  demand(size <= most_bytes);
  std::vector<std::byte> bytes(size);
  receive_all(from, bytes);
  internal::byte_reader in{bytes};
  worker_options options;
  options.number = internal::codec<int>::decode(in);
  options.slots = internal::codec<int>::decode(in);
  const auto peers = internal::codec<int>::decode(in);
  options.memory_limit = internal::codec<std::uint64_t>::decode(in);
  options.spill_directory = internal::codec<std::string>::decode(in);
  peer_sockets connections;
  for (int i = 0; i < peers; ++i) {
    descriptor connection;
    const auto number = receive_number(from, &connection);
    demand(static_cast<bool>(connection));
    connections.emplace_back(static_cast<int>(number), std::move(connection));
  }
  return {std::move(options), std::move(connections)};
}

} // namespace crema::net
